public import ArgumentParser
import ThroughlineFlow
public import ThroughlineMermaid
import ThroughlineStore

extension MapView: ExpressibleByArgument {}

/// `throughline map`
struct Map: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw who talks to whom, over all flows.",
        discussion: """
            Services, destinations and consumer groups with counts, waiting times, retries and failures, as Mermaid. A \
            delivery is one message for one consumer, however often it was tried; its waiting time is that of the first \
            attempt. With --since there are rates, over the time since then.
            """)

    @Option(name: .customLong("as"), help: "How to show it.")
    var view: MapView = .flowchart

    @Option(help: "Only this destination, with its producers and consumers.")
    var destination: String?

    @OptionGroup var window: TimeWindow

    @OptionGroup var store: StoreOptions

    func run() throws {
        let reader = try store.reader()
        // A rate needs an end; what is recorded while this runs is not in it.
        let map = try reader.map(from: window.start, to: window.end ?? window.start.map { _ in Age.now })
        let when = window.start == nil && window.end == nil ? "" : " in that time"
        if let destination, !map.destinations.contains(where: { $0.name == destination }) {
            let names = KnownNames(reader: reader, path: store.resolvedPath)
            throw Failure.notFound(
                try names.unknown(destination: destination)
                    ?? "No message was sent to '\(destination)' or handled from it\(when).")
        }
        if map.destinations.isEmpty {
            throw Failure.notFound("No message was sent or handled in \(store.resolvedPath)\(when).")
        }
        print(view.render(map, destination: destination), terminator: "")
    }
}
