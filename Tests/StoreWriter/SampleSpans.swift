import ThroughlineModel

/// Spans as a middleware records them: eight messaging attributes, eight spans a trace.
struct SampleSpans {
    private let ids: IDGenerator
    private let resource: Resource
    private let scope = InstrumentationScope(name: "Throughline", version: "0.1.0")
    private var time: UInt64 = 1_787_220_000_000_000_000
    private var count = 0
    private var traceID = TraceID(high: 0, low: 0)
    private var correlation = ""
    private var parent: SpanID?

    init(seed: UInt64, service: String) {
        ids = IDGenerator(seed: seed)
        resource = Resource(attributes: [
            "service.name": .string(service), "service.version": "1.4.2", "host.name": "node-7", "process.pid": 4242,
        ])
    }

    mutating func next() -> SpanRecord {
        time += 37_000
        if count % 8 == 0 {
            traceID = ids.traceID(at: Timestamp(nanosecondsSinceEpoch: time))
            correlation = uuid()
            parent = nil
        }
        let isProducer = count % 2 == 0
        let topic = ["orders", "payments", "shipments", "emails"][count / 2 % 4]
        count += 1
        let span = SpanRecord(
            traceID: traceID, spanID: ids.spanID(), parentID: parent, flags: [.sampled, .random],
            name: isProducer ? "send \(topic)" : "process \(topic)", kind: isProducer ? .producer : .consumer,
            start: Timestamp(nanosecondsSinceEpoch: time),
            end: Timestamp(nanosecondsSinceEpoch: time + 1_000_000 + ids.randomBits() % 5_000_000),
            attributes: Attributes(uniqueElements: [
                .init(key: MessagingAttribute.system, value: "kafka"),
                .init(key: MessagingAttribute.operationName, value: isProducer ? "send" : "process"),
                .init(key: MessagingAttribute.operationType, value: isProducer ? "send" : "process"),
                .init(key: MessagingAttribute.destinationName, value: .string(topic)),
                .init(key: MessagingAttribute.messageID, value: .string(uuid())),
                .init(key: MessagingAttribute.conversationID, value: .string(correlation)),
                .init(key: ThroughlineAttribute.messageType, value: "OrderPlaced"),
                .init(key: ThroughlineAttribute.messageIntent, value: "event"),
            ]), resource: resource, scope: scope)
        parent = span.spanID
        return span
    }

    /// A UUIDv7: 48 bits of milliseconds, then random bits.
    private func uuid() -> String {
        let high = time / 1_000_000 << 16 | 0x7000 | ids.randomBits() & 0xFFF
        let low = 1 << 63 | ids.randomBits() >> 2
        let digits = Array(TraceID(high: high, low: low).hex)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}
