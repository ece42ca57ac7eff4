import ThroughlineModel
import ThroughlineOTLP

/// One OTLP request of many spans, made once and given new ids each time it is sent: otherwise a receiver would see the
/// same spans again, and the sender would measure itself.
struct RequestTemplate {
    static let spansPerTrace = 8
    private static let mark: UInt32 = 0xFEED_FACE
    private static let textMark = Array("feedface".utf8)

    private(set) var body: [UInt8]
    /// Where ids stand: 8 bytes of a trace id, the mark and the number of the trace.
    private var traces: [(offset: Int, number: UInt32)] = []
    /// Where a span id has the number of the request.
    private var spans: [Int] = []
    /// Where a message or correlation id has the number of the request, as eight hexadecimal digits.
    private var texts: [Int] = []

    init(spans count: Int) {
        var random = SystemRandomNumberGenerator()
        let halves = (0..<count).map { _ in UInt64.random(in: 1 ... .max, using: &random) }
        let resource = Resource(attributes: ["service.name": "load"])
        let records = (0..<count).map { index in
            let trace = index / Self.spansPerTrace
            let start = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000 + UInt64(index) * 1_000_000)
            return SpanRecord(
                traceID: TraceID(high: UInt64(Self.mark) << 32 | UInt64(trace), low: halves[trace]),
                spanID: SpanID(halves[index] << 32 | UInt64(Self.mark)),
                parentID: index % Self.spansPerTrace == 0 ? nil : SpanID(halves[index - 1] << 32 | UInt64(Self.mark)),
                name: "send orders", kind: index.isMultiple(of: 2) ? .producer : .consumer, start: start,
                end: start.advanced(byNanoseconds: 2_000_000),
                attributes: [
                    MessagingAttribute.system: "kafka", MessagingAttribute.operationName: "send",
                    MessagingAttribute.operationType: "send", MessagingAttribute.destinationName: "orders",
                    MessagingAttribute.messageID: .string("feedface-\(Self.digits(index, 4))-7000-8000-0123456789ab"),
                    MessagingAttribute.conversationID: .string(
                        "feedface-\(Self.digits(trace, 4))-7000-8000-ba9876543210"),
                    MessagingAttribute.partitionID: "3", MessagingAttribute.kafkaOffset: .int(Int64(index)),
                ],
                resource: resource)
        }
        body = OTLP.encode(records)
        for offset in 0..<body.count - 8 {
            if body[offset..<offset + 8].elementsEqual(Self.textMark) { texts.append(offset) }
            guard Self.number(body, offset) == Self.mark else { continue }
            // Four bytes of a span id stand before the mark in it, and before those the length of 8.
            if body[offset - 5] == 8 {
                spans.append(offset)
            } else {
                traces.append((offset, Self.number(body, offset + 4)))
            }
        }
    }

    /// Gives every id a value of its own. Trace ids are spread like random ones, as most senders make them.
    mutating func renew(_ request: UInt32) {
        for trace in traces {
            let id = Self.mixed(UInt64(request) << 32 | UInt64(trace.number))
            write(UInt32(truncatingIfNeeded: id >> 32), trace.offset)
            write(UInt32(truncatingIfNeeded: id), trace.offset + 4)
        }
        for offset in spans { write(request, offset) }
        let digits = Array(Self.digits(Int(request), 8).utf8)
        for offset in texts { body.replaceSubrange(offset..<offset + 8, with: digits) }
    }

    private mutating func write(_ number: UInt32, _ offset: Int) {
        for index in 0..<4 { body[offset + index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32(index))) }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[offset + $1]) }
    }

    private static func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// SplitMix64's last step: every input has an output of its own.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
