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
        guard let id = try reader.flows(limit: 20).lazy.compactMap(\.correlationID).first else {
            throw Failure.notFound("The demo recorded nothing in \(path).")
        }
        let flow = Flow(try reader.flowSpans(from: try reader.find(id)).spans)
        print("\nWhat happened because of OrderPlaced:\n")
        print(FlowView.tree.render(flow, options: Output.viewOptions()))
        print("The same as Mermaid, to paste into any Markdown:\n")
        print(FlowView.flowchart.render(flow))
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
