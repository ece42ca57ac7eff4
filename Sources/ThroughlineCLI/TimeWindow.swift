import ArgumentParser
import ThroughlineModel

/// Which time a command looks at; the same for every command that looks at one.
struct TimeWindow: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only what began then or later: \(Moment.forms).", valueName: "time"),
        transform: Moment.init(argument:))
    var since: Moment?

    @Option(
        help: ArgumentHelp("Only what began before: in the same forms.", valueName: "time"),
        transform: Moment.init(argument:))
    var until: Moment?

    /// When it begins; nil for the beginning of the store.
    var start: Timestamp? { since?.time }
    /// When it ends; nil for its end.
    var end: Timestamp? { until?.time }

    func validate() throws {
        guard let start, let end, start >= end else { return }
        throw ValidationError("--since (\(start.iso8601)) must be before --until (\(end.iso8601)).")
    }
}
