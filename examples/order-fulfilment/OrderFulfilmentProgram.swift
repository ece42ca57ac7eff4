import ArgumentParser
import OrderFulfilment
import ThroughlineRecorder

/// The order process as a program: `swift run order-fulfilment --broker kafka --kafka localhost:9092`.
@main
struct OrderFulfilmentProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order-fulfilment",
        abstract: "Run an order process of eight services on a broker and record what happens.",
        discussion: "Then ask: throughline flows --store PATH, throughline flow --last --store PATH")

    enum BrokerName: String, ExpressibleByArgument, CaseIterable {
        case memory, kafka
    }

    @Option(help: "The broker to run on.")
    var broker = BrokerName.memory

    @Option(help: ArgumentHelp("Kafka's bootstrap servers, separated by commas.", valueName: "host:port"))
    var kafka = "localhost:9092"

    @Option(help: "The trace store to record into.")
    var store = "traces.db"

    func run() async throws {
        let recorder = try Recorder(service: "order-fulfilment", store: .sqlite(store))
        switch broker {
        case .memory: try await run(on: MemoryBroker(), recorder)
        case .kafka: try await run(on: KafkaBroker(kafka), recorder)
        }
        print("Recorded in \(store).")
    }

    private func run(on broker: some OrderBroker, _ recorder: Recorder) async throws {
        do {
            try await OrderProcess(broker: broker, recorder: recorder).run { print($0) }
        } catch {
            await recorder.shutdown()
            throw error
        }
        await recorder.shutdown()
    }
}
