/// Reads variables as OpenTelemetry asks for (configuration/sdk-environment-variables.md): an empty one is as good as
/// none, and one that cannot be read is reported and leaves the default.
package struct EnvironmentReader {
    private let values: [String: String]
    /// What could not be used, each as a sentence that says what was done instead.
    package private(set) var problems: [String] = []

    package init(_ values: [String: String]) {
        self.values = values
    }

    /// What a variable says, without white space at its ends; nil when it says nothing.
    package func text(_ name: String) -> String? {
        guard let value = values[name]?[...].trimmingOptionalWhitespace(), !value.isEmpty else { return nil }
        return String(value)
    }

    /// `true` in any case is true; everything else is false.
    package mutating func boolean(_ name: String) -> Bool {
        guard let text = text(name) else { return false }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default:
            report("\(name) is '\(text)', neither true nor false; it is taken as false")
            return false
        }
    }

    package mutating func integer(_ name: String, atLeast minimum: Int = 0) -> Int? {
        guard let text = text(name) else { return nil }
        guard let value = Int(text), value >= minimum else {
            report("\(name) is '\(text)', no whole number of at least \(minimum); the default stays")
            return nil
        }
        return value
    }

    package mutating func milliseconds(_ name: String, atLeast minimum: Int = 0) -> Duration? {
        integer(name, atLeast: minimum).map { .milliseconds($0) }
    }

    package mutating func ratio(_ name: String) -> Double? {
        guard let text = text(name) else { return nil }
        guard let value = Double(text), (0...1).contains(value) else {
            report("\(name) is '\(text)', no number from 0 to 1; 1 is taken, which keeps everything")
            return nil
        }
        return value
    }

    /// The parts of a list, each once.
    package func list(_ name: String) -> [String]? {
        guard let text = text(name) else { return nil }
        var parts: [String] = []
        for part in text.split(separator: ",") {
            let part = String(part.trimmingOptionalWhitespace())
            if !part.isEmpty, !parts.contains(part) { parts.append(part) }
        }
        return parts.isEmpty ? nil : parts
    }

    package mutating func report(_ problem: String) { problems.append(problem) }
}
