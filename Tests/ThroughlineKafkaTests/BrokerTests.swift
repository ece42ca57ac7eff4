import Foundation
import Testing
import ThroughlineKafka

@Suite struct BrokerTests {
    @Test func `In CI there is a real broker`() {
        if ProcessInfo.processInfo.environment["CI"] != nil {
            #expect(TestBroker.shared.isReal, "start one with scripts/kafka-broker start, then eval its env")
        }
    }

    @Test(.enabled(if: TestBroker.shared.isReal, "librdkafka's mock cluster has no administration"))
    func `Creating a topic twice leaves the first as it is`() async throws {
        let admin = KafkaAdmin(TestBroker.shared.configuration())
        let name = "admin-\(UUID().uuidString)"
        #expect(try await admin.createTopic(name, partitions: 3))
        #expect(try await !admin.createTopic(name))
        let error = await #expect(throws: KafkaError.self) { try await admin.createTopic("none", partitions: 0) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `An administrator that reaches no broker says so in time`() async throws {
        var configuration = KafkaConfiguration("127.0.0.1:9")
        configuration.additional["log_level"] = "0"
        let admin = KafkaAdmin(configuration)
        let error = await #expect(throws: KafkaError.self) {
            try await admin.createTopic("orders", within: .milliseconds(300))
        }
        #expect(error?.code == .timedOut)
    }
}
