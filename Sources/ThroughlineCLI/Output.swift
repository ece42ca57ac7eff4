import Foundation
import ThroughlineFlow

/// What commands print and how.
enum Output {
    /// True when colours are wanted: a terminal, and nobody set NO_COLOR (no-color.org).
    static var isColoured: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
            && isatty(STDOUT_FILENO) == 1
    }

    /// The size of the terminal that is standard output; nil when that is none, or does not tell.
    private static var screen: winsize? {
        var size = winsize()
        let isKnown = isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
        return isKnown && size.ws_col > 0 ? size : nil
    }

    /// How many characters a line may have, and at least 40; nil where nobody looks on. COLUMNS has the last word.
    static var columns: Int? {
        let asked = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return (asked ?? screen.map { Int($0.ws_col) }).map { max(40, $0) }
    }

    /// What fits the screen; where nobody looks on, 48 lines, as long as they are.
    static func viewOptions() -> ViewOptions {
        var options = ViewOptions()
        options.isColoured = isColoured
        options.columns = columns
        // The prompt, before and after, wants room too.
        options.lines = screen.map { max(16, Int($0.ws_row) - 3) } ?? 48
        return options
    }

    /// Says something beside the result: on standard error, so that a diagram on standard output stays one.
    static func note(_ text: String) {
        complain("throughline: \(text)\n")
    }

    /// Writes to standard error; there is nobody left to tell when that fails.
    static func complain(_ text: String) {
        try? StandardStreams.put(Array(text.utf8), to: STDERR_FILENO, "Standard error")
    }

    /// Prints at once, also into a pipe: for programs that go on.
    static func say(_ text: String) throws(Failure) {
        print(text)
        try StandardStreams.flush()
    }

    /// - Throws: `Failure` when the directory is missing that a file is to be written to.
    static func checkDirectory(of path: String) throws(Failure) {
        let directory = URL(filePath: path).deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw Failure(
                code: .usage,
                message: "\(path) cannot be written: there is no directory \(directory). Make it, or name another.")
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Between brackets that hold nothing, the encoder leaves lines empty; in texts, line ends are escaped.
        return String(decoding: try encoder.encode(value), as: UTF8.self).replacing(/\[\s*\n\s*\]/, with: "[]")
    }

    /// What stands between two columns of a table.
    static let gap = "  "

    /// Rows as columns, each as wide as its widest cell, the columns of numbers aligned to the right. A cell stays on its
    /// line, whatever a name from outside has in it.
    static func table(_ header: [String], _ rows: [[String]], rightAligned: Set<Int> = []) -> String {
        let all = [header] + rows.map { $0.map(OneLine.of) }
        let widths = header.indices.map { column in all.map { OneLine.columns($0[column]) }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - OneLine.columns(row[column]))
                return rightAligned.contains(column) ? padding + row[column] : row[column] + padding
            }
            var line = cells.joined(separator: gap)
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// The text with a full stop, unless it ends in a mark of its own.
    static func sentence(_ text: String) -> String { text.last.map(".?!".contains) == true ? text : text + "." }

    /// `1 span`, `2 spans`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    static func bytes(_ count: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 1_000, unit < units.count - 1 {
            value /= 1_000
            unit += 1
        }
        return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit])
    }

    /// Names and values as lines, the values below each other.
    static func pairs(_ rows: [(name: String, value: String)]) -> [String] {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { $0.name + String(repeating: " ", count: width + 2 - $0.name.count) + OneLine.of($0.value) }
    }

    /// `12 s`, `5 min`, `3 h`, `9 days`.
    static func age(seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds)) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3_600)) h"
        default: "\(Int(seconds / 86_400)) days"
        }
    }

    static func duration(milliseconds: Double) -> String {
        switch milliseconds {
        case ..<1_000: String(format: "%.0f ms", milliseconds)
        case ..<60_000: String(format: "%.2f s", milliseconds / 1_000)
        default: String(format: "%.1f min", milliseconds / 60_000)
        }
    }
}
