import ArgumentParser
import Foundation
import ThroughlineModel
import ThroughlineStore

/// Which store a command works on; the same for every command.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: "The trace store, a SQLite file. (default: $THROUGHLINE_STORE, else traces.db here)")
    var path: String?

    var resolvedPath: String {
        let environment = ProcessInfo.processInfo.environment["THROUGHLINE_STORE"]
        return path ?? environment.flatMap { $0.isEmpty ? nil : $0 } ?? "traces.db"
    }

    /// Opens the store for reading.
    ///
    /// - Throws: `StoreError`, or a `Failure` for what is a slip of the hand rather than a broken store.
    func reader() throws -> TraceReader {
        let path = resolvedPath
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure(
                code: .storeUnusable,
                message: "There is no trace store \(path). Name one with --store or THROUGHLINE_STORE, or make one "
                    + "with 'throughline demo'.")
        }
        if isDirectory.boolValue {
            throw Failure(code: .storeUnusable, message: "\(path) is a directory. Name the trace store's file in it.")
        }
        return try TraceReader(path: path)
    }

    /// What to add to a command line to reach the same store, with a space before it; empty where none is needed.
    var commandLine: String {
        guard path != nil else { return "" }
        let isPlain = resolvedPath.allSatisfy { $0.isLetter || $0.isNumber || "/._-+@%".contains($0) }
        return " --store " + (isPlain ? resolvedPath : "'\(resolvedPath.replacing("'", with: "'\\''"))'")
    }
}

/// A length of time as people write it: `250ms`, `30s`, `15m`, `1h30m`, `7d`.
struct Age: ExpressibleByArgument, CustomStringConvertible {
    let nanoseconds: UInt64

    init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    private static let units: [Substring: UInt64] = [
        "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
        "w": 604_800_000_000_000,
    ]

    init?(argument: String) {
        var rest = argument[...]
        var sum: UInt64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let number = UInt64(digits), let unit = Self.units[name] else { return nil }
            let (part, isPartTooLong) = number.multipliedReportingOverflow(by: unit)
            let (longer, isTooLong) = sum.addingReportingOverflow(part)
            guard !isPartTooLong, !isTooLong, longer < 9_000_000_000_000_000_000 else { return nil }
            sum = longer
            rest = rest.dropFirst(digits.count + name.count)
        }
        guard !argument.isEmpty else { return nil }
        nanoseconds = sum
    }

    var description: String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
    }

    /// The moment that lies so far back.
    var ago: Timestamp {
        let now = Self.now.nanosecondsSinceEpoch
        return Timestamp(nanosecondsSinceEpoch: now > nanoseconds ? now - nanoseconds : 0)
    }

    static var now: Timestamp {
        Timestamp(nanosecondsSinceEpoch: UInt64(max(0, Date().timeIntervalSince1970) * 1e9))
    }
}

/// A size as people write it: `500KB`, `200MB`, `2GB`, or plain bytes; a kilobyte is 1,000 bytes.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int64

    init?(argument: String) {
        let text = argument.uppercased()
        let digits = text.prefix { $0.isNumber }
        let units: [Substring: Int64] = ["": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000]
        guard let number = Int64(digits), let unit = units[text.dropFirst(digits.count)] else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: unit)
        guard !isTooLarge else { return nil }
        self.bytes = bytes
    }
}
