import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineStore

/// Random numbers that are the same in every run with the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private let ids: IDGenerator
    init(seed: UInt64) { ids = IDGenerator(seed: seed) }
    mutating func next() -> UInt64 { ids.randomBits() }
}

@Suite("What is stored")
struct RoundTripTests {
    @Test("comes back as it was, for spans of every shape", arguments: 1...8)
    func randomSpans(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let written = (0..<400).map { RandomSpan.make(number: $0, using: &random) }
        let scratch = try Scratch()
        try store(written, at: scratch.path())
        let read = try allSpans(scratch.path())
        let ended = written.filter { $0.end != nil }
        let open = written.filter { $0.end == nil }.map(SpanReference.init)
        #expect(read.count == written.count)
        for (before, after) in zip(ended, read) { #expect(before == after) }
        #expect(Set(read.dropFirst(ended.count).map(SpanReference.init)) == Set(open))
        let openByID = Dictionary(uniqueKeysWithValues: read.dropFirst(ended.count).map { (SpanReference($0), $0) })
        for before in written where before.end == nil { #expect(openByID[SpanReference(before)] == before) }
    }

    @Test("keeps numbers that JSON has no word for")
    func unusualNumbers() throws {
        let scratch = try Scratch()
        let numbers: AttributeValue = [.double(.nan), .double(.infinity), .double(-.infinity), .double(-0.0)]
        try store([span(1, ["x": numbers])], at: scratch.path())
        guard case .array(let values)? = try allSpans(scratch.path()).first?.attributes["x"],
            values.count == 4, case .double(let nan) = values[0], case .double(let zero) = values[3]
        else {
            Issue.record("no four numbers")
            return
        }
        #expect(nan.isNaN)
        #expect(values[1] == .double(.infinity))
        #expect(values[2] == .double(-.infinity))
        #expect(zero.sign == .minus)
    }

    @Test(
        "tells a map that looks like a tag from a tag",
        arguments: [
            ["$bytes": "AAA="], ["$map": .map(["$map": .map(["$double": "nan"])])], ["$map": 1], ["$": .map([:])],
            ["a": .map(["$bytes": "no base64!"]), "$map": .map(["$bytes": "AA=="])],
            ["$map": .map(["$bytes": "AA=="]), "b": 1],
        ] as [Attributes])
    func tagsAsData(attributes: Attributes) throws {
        let scratch = try Scratch()
        let nested: Attributes = ["outer": .map(attributes), "list": [.map(attributes)]]
        try store([span(1, attributes), span(2, nested)], at: scratch.path())
        #expect(try allSpans(scratch.path()).map(\.attributes) == [attributes, nested])
    }

    @Test("keeps an attribute of an unexpected type beside those that have columns")
    func unexpectedTypes() throws {
        let attributes: Attributes = [
            MessagingAttribute.messageID: 17, MessagingAttribute.destinationName: ["a", "b"],
            ThroughlineAttribute.attempt: "second", ThroughlineAttribute.causationID: true,
            MessagingAttribute.conversationID: .bytes([1, 2]),
        ]
        let scratch = try Scratch()
        try store([span(1, attributes)], at: scratch.path())
        #expect(try allSpans(scratch.path()).map(\.attributes) == [attributes])
    }

    @Test("keeps ids under the names that they came with")
    func foreignNames() throws {
        let attributes: [Attributes] = [
            ["messaging.message_id": "m", "messaging.conversation_id": "c", "nservicebus.related_to": "r"],
            [MessagingAttribute.messageID: "new", "messaging.message_id": "old"],
            [MessagingAttribute.messageID: "same", "messaging.message_id": "same", "messaging.id": "third"],
            [MessagingAttribute.messageID: "", "nservicebus.message_id": "n"],
            [MessagingAttribute.messageID: 17, "nservicebus.message_id": "n"],
            [MessagingAttribute.messageID: "m", "messaging.message_id": 17, "messaging.id": ""],
            ["kafka.topic": "t", "messaging.destination": "d"],
            [MessagingAttribute.destinationName: "n", "kafka.topic": "n"],
            [MessagingAttribute.destinationName: ["a"], "kafka.topic": "t", MessagingAttribute.messageID: "m"],
        ]
        let scratch = try Scratch()
        try store(attributes.enumerated().map { span(UInt64($0 + 1), $1) }, at: scratch.path())
        #expect(try allSpans(scratch.path()).map(\.attributes) == attributes)
    }

    @Test(
        "keeps ids to the letter, whatever they look like",
        arguments: [
            "01990000-0000-7000-8000-00000000abcd", "01990000-0000-7000-8000-00000000ABCD", "", "42",
            "01990000000070008000000000000abcd", "01990000-0000-7000-8000-00000000abcg",
        ])
    func ids(id: String) throws {
        let attributes: Attributes = [
            MessagingAttribute.messageID: .string(id), MessagingAttribute.conversationID: .string(id),
            ThroughlineAttribute.causationID: .string(id),
        ]
        let scratch = try Scratch()
        try store([span(1, attributes)], at: scratch.path())
        #expect(try allSpans(scratch.path()).map(\.attributes) == [attributes])
        #expect(try TraceReader(path: scratch.path()).find(id).count == 1)
    }

    @Test("is cut where nesting goes deeper than anybody reads")
    func deepNesting() throws {
        var value: AttributeValue = 1
        for _ in 0..<5_000 { value = [value] }
        let scratch = try Scratch()
        try store([span(1, ["deep": value])], at: scratch.path())
        #expect(try allSpans(scratch.path()).first?.attributes["deep"] != nil)
    }
}

/// Spans of every shape that the model allows.
enum RandomSpan {
    static func make(number: Int, using random: inout SeededGenerator) -> SpanRecord {
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
        let start = UInt64.random(in: 0...UInt64(Int64.max), using: &random)
        let code: SpanStatus.Code = [.unset, .ok, .error].randomElement(using: &random) ?? .unset
        let isOpen = number % 10 == 0
        return SpanRecord(
            traceID: TraceID(high: .random(in: 0...3, using: &random), low: .random(in: .min ... .max, using: &random)),
            spanID: SpanID(.random(in: .min ... .max, using: &random)),
            parentID: maybe(SpanID(.random(in: .min ... .max, using: &random))),
            parentIsRemote: .random(using: &random), flags: TraceFlags(rawValue: .random(in: 0...255, using: &random)),
            traceState: maybe(TraceState(header: "vendor=\(number),other@x=1") ?? TraceState()) ?? TraceState(),
            name: text(using: &random), kind: SpanKind.allCases.randomElement(using: &random) ?? .internal,
            start: Timestamp(nanosecondsSinceEpoch: start),
            end: isOpen ? nil : Timestamp(nanosecondsSinceEpoch: .random(in: .min ... .max, using: &random)),
            attributes: attributes(using: &random),
            events: (0..<Int.random(in: 0...2, using: &random)).map { _ in
                SpanEvent(
                    name: text(using: &random),
                    time: Timestamp(nanosecondsSinceEpoch: .random(in: .min ... .max, using: &random)),
                    attributes: attributes(using: &random), droppedAttributes: .random(in: 0...3, using: &random))
            },
            links: (0..<Int.random(in: 0...3, using: &random)).map { _ in link(using: &random) },
            status: SpanStatus(code: code, message: maybe(text(using: &random))),
            dropped: maybe(DroppedCounts(attributes: 1, events: .random(in: 0...9, using: &random), links: 3))
                ?? DroppedCounts(),
            resource: Resource(attributes: attributes(using: &random), schemaURL: maybe(text(using: &random))),
            scope: InstrumentationScope(
                name: text(using: &random), version: maybe(text(using: &random)),
                attributes: attributes(using: &random), schemaURL: maybe("")))
    }

    private static func link(using random: inout SeededGenerator) -> SpanLink {
        var attributes = attributes(using: &random)
        if Bool.random(using: &random) { attributes[ThroughlineAttribute.linkType] = "batch-member" }
        if Bool.random(using: &random) { attributes[MessagingAttribute.messageID] = .string(text(using: &random)) }
        return SpanLink(
            context: SpanContext(
                traceID: TraceID(high: 1, low: .random(in: 0...50, using: &random)),
                spanID: SpanID(.random(in: .min ... .max, using: &random)),
                flags: TraceFlags(rawValue: .random(in: 0...255, using: &random)),
                traceState: TraceState(header: "a=b") ?? TraceState(), isRemote: .random(using: &random)),
            attributes: attributes, droppedAttributes: .random(in: 0...2, using: &random))
    }

    private static func attributes(using random: inout SeededGenerator) -> Attributes {
        var attributes = Attributes()
        for attribute in PromotedAttribute.allCases where Int.random(in: 0..<4, using: &random) == 0 {
            let isNumber = attribute.kind == .number
            attributes[attribute.key] =
                isNumber ? .int(.random(in: .min ... .max, using: &random)) : .string(text(using: &random))
        }
        if Bool.random(using: &random) {
            attributes[ThroughlineAttribute.causationIDs] = ["a", .string(text(using: &random))]
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            attributes[text(using: &random)] = value(depth: 0, using: &random)
        }
        return attributes
    }

    private static func value(depth: Int, using random: inout SeededGenerator) -> AttributeValue {
        switch Int.random(in: 0..<(depth < 3 ? 7 : 5), using: &random) {
        case 0: return .string(text(using: &random))
        case 1: return .bool(.random(using: &random))
        case 2: return .int([.min, .max, 0, -1].randomElement(using: &random) ?? 0)
        case 3:
            // Any pattern of bits but those of "not a number", which equals nothing.
            let number = Double(bitPattern: .random(in: .min ... .max, using: &random))
            return .double(number.isNaN ? .leastNonzeroMagnitude : number)
        case 4:
            let count = Int.random(in: 0...5, using: &random)
            return .bytes((0..<count).map { _ in .random(in: 0...255, using: &random) })
        case 5:
            let count = Int.random(in: 0...3, using: &random)
            return .array((0..<count).map { _ in value(depth: depth + 1, using: &random) })
        default:
            var map = Attributes()
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                map[text(using: &random)] = value(depth: depth + 1, using: &random)
            }
            return .map(map)
        }
    }

    private static func text(using random: inout SeededGenerator) -> String {
        let pieces = [
            "order", "", "\"", "\\", "\n\t\r", "\u{0}", "\u{1F}", "ü", "日本", "👩‍👩‍👧", "$bytes", "$map", "{}", "'", "%00",
            "e\u{301}", "\u{E9}",
            "01990000-0000-7000-8000-00000000abcd", "a.b.c", " ",
        ]
        return (0..<Int.random(in: 0...2, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }
}
