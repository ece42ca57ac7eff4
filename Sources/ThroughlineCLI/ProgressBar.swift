import Foundation

/// How far long work has come, on one line of standard error; silent when that is no terminal.
struct ProgressBar {
    private static let width = 24

    private let isShown: Bool
    private let begin = ContinuousClock.now
    private var last: ContinuousClock.Instant?

    init() {
        isShown = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// Shows the bytes that are done, of how many when that is known; ten times a second at most.
    mutating func show(_ name: String, _ done: Int64, of total: Int64?, spans: Int) {
        guard isShown, last.map({ $0.duration(to: .now) > .milliseconds(100) }) ?? true else { return }
        last = .now
        var line = name.count > 32 ? "…" + name.suffix(31) : name
        if let total, total > 0 {
            let share = min(1, Double(done) / Double(total))
            let filled = Int(share * Double(Self.width))
            line += " [" + String(repeating: "#", count: filled)
            line += String(repeating: ".", count: Self.width - filled) + "] \(Int(share * 100)) %"
        } else {
            line += " \(Output.bytes(done))"
        }
        let seconds = begin.duration(to: .now) / .seconds(1)
        line += "  \(Output.count(spans, "span"))"
        if seconds > 0.5 { line += ", \(Int(Double(spans) / seconds)) a second" }
        write("\r\u{1B}[K" + line)
    }

    /// Takes the line away.
    func clear() {
        if isShown, last != nil { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { Output.complain(text) }
}
