import Foundation
import Testing
import Throughline
import ThroughlineFlow
import ThroughlineKafka
import ThroughlineModel
import ThroughlineStore

/// Every step in a process of its own, one of which is killed: what is left of the story is what the broker's headers,
/// the outbox's row and the store have kept.
@Suite struct RestartTests {
    @Test(.timeLimit(.minutes(5)))
    func `a message that fails, outlives a crash, dies, is replayed and goes on is one story`() async throws {
        let broker = try KafkaPatternBroker()
        let address = ProcessInfo.processInfo.environment["THROUGHLINE_KAFKA"] ?? ""
        let topic = try await broker.topic("orders")
        for name in [topic + ".dead", topic + ".payments"] {
            try await KafkaAdmin(broker.configuration).createTopic(name)
        }
        let directory = FileManager.default.temporaryDirectory.appending(path: "restart-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = directory.appending(path: "traces.db").path
        let file = directory.appending(path: "row.json").path
        for role in ["orders", "crash", "fail", "support", "billing", "relay", "shipping"] {
            let status = try await run(role, address, topic, store, file)
            #expect(status == (role == "crash" ? 9 : 0), "\(role)")
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "acme", "baggage, through an outbox and a replay")
        var records: [SpanRecord] = []
        try TraceReader(path: store).forEachSpan { records.append($0) }
        try check(records, topic)
    }

    private func check(_ records: [SpanRecord], _ topic: String) throws {
        func spans(_ service: String) -> [SpanRecord] {
            records.filter { $0.resource.serviceName == service }.sorted { $0.start < $1.start }
        }
        let sent = try #require(spans("orders").first { $0.isSend })
        let crashed = spans("crash").filter(\.isProcess)
        let failed = spans("fail").filter(\.isProcess)
        let dead = try #require(spans("fail").first { $0.isSend })
        let replay = try #require(spans("support").first { $0.isSend })
        let handled = try #require(spans("billing").first { $0.isProcess })
        let create = try #require(spans("billing").first { $0.text(MessagingAttribute.operationType) == "create" })
        let relayed = try #require(spans("relay").first { $0.isSend })
        let shipped = try #require(spans("shipping").first { $0.isProcess })

        #expect(crashed.map { $0.end == nil } == [false, true], "killed in its second attempt")
        #expect(crashed.last?.refersTo(crashed[0], .retryOf) == true)
        #expect(failed.map { $0.integer(ThroughlineAttribute.attempt) } == [1, 2], "Kafka does not count for others")
        #expect(failed.last?.text(ThroughlineAttribute.settlement) == "dead-lettered")
        #expect(dead.refersTo(try #require(failed.last), .deadLetterOf))
        #expect(replay.refersTo(dead, .replayOf))
        #expect(handled.refersTo(replay, .creation) && handled.refersTo(dead, .replayOf))
        #expect(handled.integer(ThroughlineAttribute.attempt) == 3)
        #expect(Set((crashed + failed + [sent, dead, replay, handled]).map(\.messageID)).count == 1)

        #expect(create.parentID == handled.spanID)
        #expect(relayed.refersTo(create, .creation))
        #expect(shipped.parentID == relayed.spanID)
        for record in [create, relayed, shipped] {
            #expect(record.text(ThroughlineAttribute.causationID) == sent.messageID)
            #expect(record.messageID == create.messageID)
        }
        #expect(Set(records.compactMap(\.correlationID)) == [sent.messageID])
        #expect(Flow.split(records).count == 1)
    }

    /// - Returns: How it exited, or the signal that it was killed by.
    private func run(_ words: String...) async throws -> Int32 {
        let process = Process()
        process.executableURL = try Self.worker
        process.arguments = words
        return try await withCheckedThrowingContinuation { ended in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
    }

    /// Beside the test bundle, where SwiftPM builds it.
    private static var worker: URL {
        get throws {
            let places = [CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.contains(".xctest") }
            let found = places.map { URL(filePath: $0).deletingLastPathComponent().appending(path: "PatternWorker") }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
            return try #require(found, "PatternWorker was not built beside \(places)")
        }
    }
}
