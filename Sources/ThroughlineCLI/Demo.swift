import ArgumentParser
import Foundation
import OrderFulfilment
import ThroughlineFlow
import ThroughlineMermaid
import ThroughlineRecorder
import ThroughlineStore

/// `throughline demo`
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run an order process on the embedded broker, record it, and draw what happened.")

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let path = store.resolvedPath
        let recorder = try Recorder(service: "demo", store: .sqlite(path))
        print("Three orders go through eight services that know each other only through topics:\n")
        try await OrderProcess(broker: MemoryBroker(), recorder: recorder).run { print("  " + $0) }
        await recorder.shutdown()
        if recorder.droppedCount > 0 {
            Output.note("\(recorder.droppedCount) spans could not be stored; what follows lacks them.")
        }

        let reader = try store.reader()
        let placed = try reader.flows(limit: 20).first { $0.title == "OrderPlaced" }
        guard let id = placed?.correlationID else {
            throw Failure.notFound("The demo recorded nothing in \(path).")
        }
        // As 'throughline flow' reads it, so that both say the same.
        let spans = try reader.flowSpans(from: try reader.find(id)).spans
        let flow = Flow(spans, knowing: try reader.knowledge(of: spans, now: Age.now))
        let title = flow.name(askedFor: id)
        print("\nWhat happened because of OrderPlaced:\n")
        print(FlowView.tree.render(flow, title: title, options: Output.viewOptions()))
        print("The same as Mermaid, to paste into any Markdown:\n")
        print(FlowView.flowchart.render(flow, title: title))
        let option = store.commandLine
        // In a clone the command is not on the path; say what works there.
        let isBuiltHere = CommandLine.arguments.first?.contains(".build/") == true
        let program = isBuiltHere ? "swift run throughline" : "throughline"
        print(
            """
            It is all in \(path), a SQLite file. Try next:

              \(program) flow \(id)\(option) --as sequence
              \(program) flows\(option)
              \(program) map\(option)
            """)
    }
}
