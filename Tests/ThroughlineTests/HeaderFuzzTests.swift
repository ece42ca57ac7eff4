import FlowFixtures
import Foundation
import HeaderCorpus
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@testable import Throughline

/// Headers that are wrong in every way that chance finds: nothing crashes, hangs or throws, and every message still gets
/// its ids. THROUGHLINE_FUZZ sets how many inputs.
@Suite struct HeaderFuzzTests {
    private static let count = ProcessInfo.processInfo.environment["THROUGHLINE_FUZZ"].flatMap { Int($0) } ?? 20_000

    /// Each input goes through every reader of headers that there is: the schemes of every broker, the propagators, dead
    /// letters and replays.
    @Test func `no headers make a parser fail`() {
        var random = SeededGenerator(seed: 23)
        let tracing = MessageTracing()
        let propagators: [any Propagator] = [
            W3CTraceContextPropagator(), W3CBaggagePropagator(), B3Propagator(), JaegerPropagator(baggageKeys: ["k"]),
            XRayPropagator(),
        ]
        let systems: [MessagingSystem] = [.kafka, .rabbitmq, .nats, .mqtt, .redis, .inProcess]
        var found = 0
        for round in 0..<Self.count {
            let headers = HeaderCorpus.headers(&random)
            let system = systems[round % systems.count]
            for scheme in HeaderScheme.allCases where scheme.read(system, { headers[$0] }) != nil { found += 1 }
            for propagator in propagators {
                var context = ServiceContext.topLevel
                propagator.extract(headers, into: &context, using: DictionaryCarrier())
                if !context.isEmpty { found += 1 }
            }
            let message = KafkaLike(headers)
            var reading = HeaderReading(message)
            let identity = tracing.identity(ofIncoming: &reading, trusted: true)
            if !PlainHeaders.isSafe(identity.messageID) || !PlainHeaders.isSafe(identity.correlationID) {
                Issue.record("unsafe ids of \(headers)")
            }
            if let letter = DeadLetter(message), letter.attempts < 0 || letter.replays < 0 {
                Issue.record("a count below zero of \(headers)")
            }
            if let replay = tracing.replay(of: message), replay.count < 0 || replay.attemptsBefore < 0 {
                Issue.record("a count below zero of \(headers)")
            }
            for value in headers.values.prefix(1) {
                if let decoded = HeaderText.decoded(value), HeaderText.decoded(HeaderText.encoded(decoded)) != decoded,
                    decoded.utf8.count < 1_000
                {
                    Issue.record("not the same again: \(decoded)")
                }
                _ = CapturedContext(columns: headers)
            }
        }
        #expect(found > Self.count / 10, "chance finds headers that are right, too")
    }

    @Test func `no headers make the middleware fail`() async {
        var random = SeededGenerator(seed: 17)
        let bench = Bench { $0.reads = HeaderScheme.allCases }
        for round in 0..<min(Self.count, 100_000) {
            let headers = HeaderCorpus.headers(&random)
            let message = KafkaLike(headers)
            let outcome = await bench.tracing.process(message) { message in
                await bench.tracing.publish(message) { $0.headers }
            }
            #expect(outcome["message-id"]?.isEmpty == false)
            #expect(outcome["causation-id"]?.isEmpty == false)
            // What the application had set itself is the application's.
            let ours = outcome.filter { headers[$0.key] != $0.value }.values
            #expect(ours.allSatisfy(HeaderText.isCarried))
            _ = DeadLetter(message)
            if round.isMultiple(of: 1_000) {
                _ = await bench.spans()
                bench.sink.removeAll()
            }
        }
    }

    @Test func `no body makes the readers of envelopes and payloads fail`() {
        var random = SeededGenerator(seed: 19)
        for _ in 0..<Self.count {
            let bytes = HeaderCorpus.body(&random)
            _ = EnvelopeIdentity(cloudEvent: bytes)
            _ = EnvelopeIdentity(massTransit: bytes)
            _ = PayloadFingerprint.of(json: bytes)
            _ = Timestamp(iso8601: String(decoding: bytes, as: UTF8.self))
        }
    }
}
