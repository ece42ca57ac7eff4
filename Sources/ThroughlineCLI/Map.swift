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

    @Option(help: "Only what began so long ago at most: 30s, 15m, 12h, 7d.")
    var since: Age?

    @Option(help: "Only what began longer ago than this: 30s, 15m, 12h, 7d.")
    var until: Age?

    @OptionGroup var store: StoreOptions

    func run() throws {
        // A rate needs an end; what is recorded while this runs is not in it.
        let map = try store.reader().map(from: since?.ago, to: until?.ago ?? since.map { _ in Age.now })
        if map.destinations.isEmpty {
            throw Failure.notFound(
                "No message was sent or handled in \(store.resolvedPath)\(since == nil && until == nil ? "" : " in that time")."
            )
        }
        if let destination, !map.destinations.contains(where: { $0.name == destination }) {
            let known = map.destinations.map(\.name).joined(separator: ", ")
            throw Failure.notFound("There is no destination '\(destination)'. Known: \(known).")
        }
        print(view.render(map, destination: destination), terminator: "")
    }
}
