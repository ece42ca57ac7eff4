import FlowFixtures
import HeaderCorpus
import Throughline
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// `swift run -c release HeaderFuzz [inputs]`: damaged headers and bodies through every reader of them, as many as given.
/// Nothing may crash or hang; the ids that come out must be safe.
@main
enum HeaderFuzz {
    struct UnsafeID: Error {
        let headers: [String: String]
    }

    static func main() async throws {
        let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
        let seed = CommandLine.arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 29
        var random = SeededGenerator(seed: seed)
        var found = 0
        let elapsed = try ContinuousClock().measure {
            for _ in 0..<count { found += try read(HeaderCorpus.headers(&random), HeaderCorpus.body(&random)) }
        }
        print("\(count) inputs in \(elapsed), \(found) times something was found")
    }

    private static let tracing = MessageTracing()
    private static let propagators: [any Propagator] = [
        W3CTraceContextPropagator(), W3CBaggagePropagator(), B3Propagator(), JaegerPropagator(baggageKeys: ["k"]),
        XRayPropagator(),
    ]

    private static func read(_ headers: [String: String], _ body: [UInt8]) throws -> Int {
        var found = 0
        for propagator in propagators {
            var context = ServiceContext.topLevel
            propagator.extract(headers, into: &context, using: Carrier())
            if !context.isEmpty { found += 1 }
        }
        found += try read(Damaged<OnKafka>(headers: headers)) + read(Damaged<OnRabbit>(headers: headers))
        found += try read(Damaged<OnMQTT>(headers: headers)) + read(Damaged<OnNATS>(headers: headers))
        if CapturedContext(columns: headers) != nil { found += 1 }
        if EnvelopeIdentity(cloudEvent: body) != nil || EnvelopeIdentity(massTransit: body) != nil { found += 1 }
        if PayloadFingerprint.of(json: body) != nil { found += 1 }
        if Timestamp(iso8601: headers.first?.value ?? "") != nil { found += 1 }
        return found
    }

    private static func read<Message: PublishableMessage>(_ message: Message) throws -> Int {
        let identity = tracing.identity(of: message)
        func isSafe(_ id: String) -> Bool {
            !id.isEmpty && id.utf8.count <= 256 && id.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
        guard isSafe(identity.messageID), isSafe(identity.correlationID), identity.causationIDs.allSatisfy(isSafe)
        else {
            throw UnsafeID(headers: message.headers as? [String: String] ?? [:])
        }
        return (DeadLetter(message) == nil ? 0 : 1) + (identity.causationIDs.isEmpty ? 0 : 1)
    }
}

private struct Carrier: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

private protocol OnBroker: Sendable { static var system: MessagingSystem { get } }
private enum OnKafka: OnBroker { static let system = MessagingSystem.kafka }
private enum OnRabbit: OnBroker { static let system = MessagingSystem.rabbitmq }
private enum OnMQTT: OnBroker { static let system = MessagingSystem.mqtt }
private enum OnNATS: OnBroker { static let system = MessagingSystem.nats }

private struct Damaged<Broker: OnBroker>: PublishableMessage {
    static var system: MessagingSystem { Broker.system }
    var destination: String { "orders" }
    var headers: [String: String]
    static func value(forHeader name: String, in headers: [String: String]) -> String? { headers[name] }
    static func setValue(_ value: String?, forHeader name: String, in headers: inout [String: String]) {
        headers[name] = value
    }
}
