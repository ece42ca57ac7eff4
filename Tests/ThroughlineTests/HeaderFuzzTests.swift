import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@testable import Throughline

/// Headers that are wrong in every way that chance finds: nothing crashes, hangs or throws, and every message still gets
/// its ids. THROUGHLINE_FUZZ sets how many inputs.
@Suite struct HeaderFuzzTests {
    private static let count = ProcessInfo.processInfo.environment["THROUGHLINE_FUZZ"].flatMap { Int($0) } ?? 20_000

    private static let names =
        [
            "traceparent", "tracestate", "baggage", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled",
            "uber-trace-id", "uberctx-k", "jaeger-baggage", "jaeger-debug-id", "x-b3-traceid", "x-b3-spanid",
            "X-Amzn-Trace-Id", "x-amzn-trace-id", "AWSTraceHeader", "parent-id", "MT-Activity-Id", "Diagnostic-Id", "id", "conversation-id", "message-type",
            "MessageId", "ConversationId", "CorrelationId", "MT-InitiatorId", "MT-MessageType", "NServiceBus.MessageId",
            "NServiceBus.ConversationId", "NServiceBus.RelatedTo", "NServiceBus.EnclosedMessageTypes",
            "NServiceBus.MessageIntent", "message-id", "correlation-id", "causation-id", "message-intent",
            "event-scope",
            "schema-version", "dead-letter-origin", "dead-letter-reason", "dead-letter-attempts",
            "dead-letter-first-failure", "replay-of", "replay-count", "replay-group", "replay-attempts",
        ] + ["specversion", "id", "type", "correlationid", "causationid", "traceparent"].map { "ce_" + $0 }

    private static let values = [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "a=1,b=2,vendor@tenant=x", "key=value;property,other=%20%C3%A4",
        "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1",
        "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1",
        "Shop.OrderPlaced, Shop, Version=1.0;Shop.IEvent", "urn:message:Shop:OrderPlaced",
        "0198b2c4-7d5e-7000-8000-000000000001",
        "a,b,c", "event", "2026-08-20T10:00:00.123Z", "7", "", " ", "\r\nX-Evil: 1", "ü🚀",
        String(repeating: "k=v,", count: 3_000),
    ]

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
            let headers = Self.headers(&random)
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
            let headers = Self.headers(&random)
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
        let seeds = [
            #"{"specversion":"1.0","id":"e2","type":"t","correlationid":"c","causationid":"e1","data":{"a":[1,2,{"b":null}]}}"#,
            #"{"messageId":"m","conversationId":"c","initiatorId":"i","messageType":["urn:message:A:B"],"message":{}}"#,
            String(repeating: "[", count: 500), #"{"a":"\ud83d\ude80\u0000\q","b":1e999,"c":-0.0,"d":tru}"#,
        ].map { Array($0.utf8) }
        for _ in 0..<Self.count {
            var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
            Self.mutate(&bytes, &random)
            _ = EnvelopeIdentity(cloudEvent: bytes)
            _ = EnvelopeIdentity(massTransit: bytes)
            _ = PayloadFingerprint.of(json: bytes)
            _ = Timestamp(iso8601: String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func headers(_ random: inout SeededGenerator) -> [String: String] {
        var headers: [String: String] = [:]
        for _ in 0..<(1 + random.next() % 8) {
            headers[names[Int(random.next() % UInt64(names.count))]] = value(&random)
        }
        return headers
    }

    private static func value(_ random: inout SeededGenerator) -> String {
        var bytes = Array(values[Int(random.next() % UInt64(values.count))].utf8)
        if random.next() % 2 == 0 { mutate(&bytes, &random) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<(1 + random.next() % 6) {
            let place = Int(random.next() % UInt64(max(1, bytes.count)))
            switch random.next() % 4 {
            case 0 where !bytes.isEmpty: bytes[place % bytes.count] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.removeLast(min(bytes.count, Int(random.next() % 20)))
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: min(place, bytes.count))
            default: bytes += bytes.prefix(Int(random.next() % 30))
            }
        }
    }
}
