package import ThroughlineModel

/// Spans with everything that a span can have, the same for the same seed.
package struct RandomSpans {
    private var random: SeededGenerator
    private let resources: [Resource]
    private let scopes: [InstrumentationScope]

    package init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        resources = [
            Resource(attributes: ["service.name": "orders", "process.pid": 4_242], schemaURL: "https://example.com/1"),
            Resource(attributes: ["service.name": "billing", "host.name": "node-7 ünïcode 🚀"]),
            Resource(),
        ]
        scopes = [
            InstrumentationScope(name: "Throughline", version: "0.1.0", attributes: ["a": true]),
            InstrumentationScope(name: "http", schemaURL: "https://example.com/scope"), InstrumentationScope(),
        ]
    }

    package mutating func next(_ count: Int) -> [SpanRecord] { (0..<count).map { _ in next() } }

    package mutating func next() -> SpanRecord {
        let start = 1_760_000_000_000_000_000 + random.next() % 1_000_000_000_000
        var record = SpanRecord(
            traceID: TraceID(high: random.next() | 1, low: random.next()), spanID: SpanID(random.next() | 1),
            parentID: chance(2) ? SpanID(random.next() | 1) : nil, parentIsRemote: chance(3),
            flags: TraceFlags(rawValue: UInt8(truncatingIfNeeded: random.next() & 3)), traceState: traceState(),
            name: text(), kind: SpanKind(rawValue: number(6)) ?? .internal,
            start: Timestamp(nanosecondsSinceEpoch: start),
            end: Timestamp(nanosecondsSinceEpoch: start + random.next() % 10_000_000_000), attributes: attributes())
        if !chance(2) { record.events = (0..<number(4)).map { _ in event(start) } }
        if !chance(2) { record.links = (0..<number(4)).map { _ in link() } }
        record.status = [SpanStatus.unset, .ok, .error("went wrong: \(number(100))"), .error()][number(4)]
        if chance(5) {
            record.dropped = DroppedCounts(attributes: number(9), events: number(9), links: number(9))
        }
        record.resource = resources[number(resources.count)]
        record.scope = scopes[number(scopes.count)]
        return record
    }

    private mutating func event(_ start: UInt64) -> SpanEvent {
        SpanEvent(
            name: text(), time: Timestamp(nanosecondsSinceEpoch: start + random.next() % 1_000_000),
            attributes: attributes(), droppedAttributes: chance(5) ? number(9) : 0)
    }

    private mutating func link() -> SpanLink {
        SpanLink(
            context: SpanContext(
                traceID: TraceID(high: random.next() | 1, low: random.next()), spanID: SpanID(random.next() | 1),
                flags: TraceFlags(rawValue: UInt8(truncatingIfNeeded: random.next() & 3)), traceState: traceState(),
                isRemote: chance(2)), attributes: attributes(), droppedAttributes: chance(5) ? number(9) : 0)
    }

    private mutating func attributes() -> Attributes {
        var attributes = Attributes()
        for index in 0..<number(9) { attributes.appendUnique("key.\(index).\(text().prefix(20))", value(3)) }
        return attributes
    }

    private mutating func value(_ depth: Int) -> AttributeValue {
        switch number(depth > 0 ? 8 : 6) {
        case 0: .string(text())
        case 1: .bool(chance(2))
        case 2: .int(Int64(bitPattern: random.next()))
        case 3: .int(Int64(number(300)) - 100)
        case 4: .double([0, -1.5, 1e300, .leastNonzeroMagnitude, 3.141592653589793][number(5)])
        case 5: .bytes((0..<number(20)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        case 6: .array((0..<number(4)).map { _ in value(depth - 1) })
        default: .map(nested(depth - 1))
        }
    }

    private mutating func nested(_ depth: Int) -> Attributes {
        var attributes = Attributes()
        for index in 0..<number(4) { attributes.appendUnique("\(index)", value(depth)) }
        return attributes
    }

    private mutating func text() -> String {
        let parts = ["send", "orders", "ü", "🚀", "\"quoted\"", "a\\b", "line\nbreak", "\u{0}", "", "x"]
        return (0..<number(6)).map { _ in parts[number(parts.count)] }.joined(separator: " ")
    }

    private mutating func traceState() -> TraceState {
        chance(3) ? TraceState(header: "a=\(number(100)),vendor@x=y") ?? TraceState() : TraceState()
    }

    private mutating func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    private mutating func chance(_ one: Int) -> Bool { number(one) == 0 }
}
