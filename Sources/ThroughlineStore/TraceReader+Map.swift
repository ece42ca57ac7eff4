internal import SQLite
public import ThroughlineFlow
public import ThroughlineModel

extension TraceReader {
    /// The map of every span that started at `from` or later and before `to`. It has rates when both are given.
    ///
    /// Reads the columns that a map needs and makes no records of the rows, so that its memory does not grow with the
    /// store. Spans whose words are not those of today's conventions are read as a whole.
    public func map(from: Timestamp? = nil, to: Timestamp? = nil) throws(StoreError) -> ServiceMap {
        try read { session throws(SQLiteError) in
            var scan = MapScan()
            try scan.run(&session, from: from, to: to)
            var map = scan.builder.map
            if let from, let to, from < to { map.window = from..<to }
            return map
        }
    }
}

/// Walks over the rows of all spans and gives a map what it needs of each.
private struct MapScan {
    var builder = MapBuilder()
    private var names: [Int64: MapName?] = [:]
    private var services: [Int64: MapName] = [:]
    private var words: [Int64: Words] = [:]
    /// Texts that stand for something shorter, such as the address of a queue.
    private var addresses: Set<Int64> = []
    /// The rows of the spans that sent a dead letter, which a link tells.
    private var deadLetters: Set<Int64> = []
    /// The rows of the spans that sent or handled messages once more, as far as a link tells.
    private var replays: Set<Int64> = []
    /// The names by which alone spans are known to be about messages.
    private var telling: Set<Int64> = []

    /// What a text of the store means where it stands for something.
    private struct Words {
        var operation: MessagingOperation?
        var intent: MessageIntent?
        var settlement: Settlement?
    }

    private static let columns = """
        id, resource, kind, start, duration, status, system, operation_type, destination, consumer_group, message_type,
        intent, settlement, attempt, enqueued_time, queue_time, message_id, span_id, parent_id, attributes, name
        """

    mutating func run(_ session: inout ReadSession, from: Timestamp?, to: Timestamp?) throws(SQLiteError) {
        deadLetters = try spans(linkedAs: .deadLetterOf, session)
        replays = try spans(linkedAs: .replayOf, session)
        for name in SpanNames.messaging {
            telling.formUnion(
                try session.rows("SELECT id FROM strings WHERE text = ?1") { select throws(SQLiteError) in
                    try select.bind(name, 1)
                })
        }
        let window = from == nil && to == nil ? "" : "WHERE start >= ?1 AND start < ?2"
        for table in ["spans", "open_spans"] {
            let select = try session.connection.prepare("SELECT \(Self.columns) FROM \(table) \(window)")
            if !window.isEmpty {
                try select.bind(from.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .min, 1)
                try select.bind(to.map { Int64(clamping: $0.nanosecondsSinceEpoch) } ?? .max, 2)
            }
            while try select.step() {
                if let sample = try sample(select, &session) {
                    builder.add(sample)
                } else if let stored = try session.decoder.span(atRow: select.integer(0)) {
                    builder.add(stored.record)
                }
            }
        }
    }

    private func spans(linkedAs type: LinkType, _ session: ReadSession) throws(SQLiteError) -> Set<Int64> {
        Set(
            try session.rows("SELECT span FROM links WHERE type = (SELECT id FROM strings WHERE text = ?1)") {
                select throws(SQLiteError) in try select.bind(type.rawValue, 1)
            })
    }

    /// What a row says; nil when its columns do not say it all.
    private mutating func sample(_ row: Statement, _ session: inout ReadSession) throws(SQLiteError) -> MapSample? {
        let start = UInt64(bitPattern: row.integer(3))
        let notes = row.withText(19) { Notes($0) }
        let span = SpanID(UInt64(bitPattern: row.integer(17)))
        let duration = row.optionalInteger(4).map { UInt64(bitPattern: $0) }
        var sample = MapSample(
            span: span, service: try service(row.integer(1), session),
            start: Timestamp(nanosecondsSinceEpoch: start),
            end: duration.map { Timestamp(nanosecondsSinceEpoch: start &+ $0) })
        guard !row.isNull(7), !row.isNull(8) else {
            let kind = SpanKind(rawValue: Int(clamping: row.integer(2)))
            let mayBeAboutMessages =
                kind == .producer || kind == .consumer || !row.isNull(6) || !row.isNull(7) || !row.isNull(8)
                || notes.isMessaging || telling.contains(row.integer(20))
            if mayBeAboutMessages { return nil }
            sample.failed = row.integer(5) == Int64(SpanStatus.Code.error.rawValue) || notes.hasErrorType
            sample.call = kind.flatMap { kind in
                MapSample.Call(
                    kind: kind, spanID: span, parentID: row.optionalInteger(18).map { SpanID(UInt64(bitPattern: $0)) })
            }
            return sample
        }
        guard !notes.needsWholeSpan, let operation = try words(row.integer(7), &session).operation else { return nil }
        // Only ours have a column for how a message was settled.
        if operation == .settle, row.isNull(12) { return nil }
        sample.operation = operation
        sample.destination = try name(row.integer(8), &session)
        sample.parent = row.optionalInteger(18).map { SpanID(UInt64(bitPattern: $0)) }
        sample.isDeadLetter = deadLetters.contains(row.integer(0))
        sample.isReplay = notes.isReplay || replays.contains(row.integer(0))
        if !row.isNull(6) { sample.system = try name(row.integer(6), &session) }
        if addresses.contains(row.integer(8)) || addresses.contains(row.integer(6)) { return nil }
        if !row.isNull(9) { sample.group = try name(row.integer(9), &session) }
        if !row.isNull(10) { sample.type = try name(row.integer(10), &session) }
        if !row.isNull(11) { sample.intent = try words(row.integer(11), &session).intent }
        if !row.isNull(12) { sample.settlement = try words(row.integer(12), &session).settlement }
        sample.failed = row.integer(5) == Int64(SpanStatus.Code.error.rawValue) || notes.hasErrorType
        sample.attempt = row.optionalInteger(13).map { Int(clamping: $0) }
        sample.enqueued = row.optionalInteger(14).flatMap(UInt64.init(exactly:)).map(
            Timestamp.init(nanosecondsSinceEpoch:))
        sample.queueTime = row.optionalInteger(15).flatMap(UInt64.init(exactly:))
        sample.bodySize = notes.bodySize
        // Which messages a batch has, and who sent one without an id, is told by the links.
        if row.isNull(16) { return nil }
        sample.messageID = MessageKey(row, 16).mapKey
        return sample
    }

    /// An empty text says nothing and counts as absent.
    private mutating func name(_ row: Int64, _ session: inout ReadSession) throws(SQLiteError) -> MapName? {
        if let known = names[row] { return known }
        let text = try session.decoder.interned.string(row)
        let name = text.isEmpty ? nil : builder.name(text)
        if text.contains("://") || text == "AmazonSQS" { addresses.insert(row) }
        names[row] = name
        return name
    }

    private mutating func service(_ resource: Int64, _ session: ReadSession) throws(SQLiteError) -> MapName {
        if let known = services[resource] { return known }
        let stored = try session.first("SELECT service_name FROM resources WHERE id = ?1", resource) {
            $0.optionalText(0)
        }
        let name = builder.name((stored ?? nil).flatMap { $0.isEmpty ? nil : $0 } ?? "unknown_service")
        services[resource] = name
        return name
    }

    private mutating func words(_ row: Int64, _ session: inout ReadSession) throws(SQLiteError) -> Words {
        if let known = words[row] { return known }
        let text = try session.decoder.interned.string(row)
        let read = Words(
            operation: MessagingOperation(rawValue: text), intent: MessageIntent(rawValue: text),
            settlement: Settlement(rawValue: text))
        words[row] = read
        return read
    }
}

extension MessageKey {
    /// What a map knows the message by: made of the id's text, without making the text.
    fileprivate var mapKey: MapMessageKey {
        switch self {
        case .text(let text): return MapMessageKey(messageID: text)
        case .uuid(let high, let low):
            var hash = FNV1a()
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 { hash.add(UInt8(ascii: "-")) }
                let nibble = UInt8(truncatingIfNeeded: (digit < 16 ? high : low) >> UInt64(60 - digit % 16 * 4)) & 0xF
                hash.add(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
            return MapMessageKey(hash: hash)
        }
    }
}

/// What a glance at the JSON of a span's other attributes tells, without taking it apart.
private struct Notes {
    /// True when an attribute is among them that only spans about messages have.
    var isMessaging = false
    /// True when one is among them that says more about the message than the columns do.
    var needsWholeSpan = false
    var hasErrorType = false
    var isReplay = false
    var bodySize: UInt64?

    /// Attributes of the conventions that a map has no use for.
    private static let unused: [StaticString] = [
        "client.id", "kafka.", "message.envelope.size",
    ]

    init(_ json: UnsafeBufferPointer<UInt8>) {
        for place in json.indices where json[place] == UInt8(ascii: "\"") {
            let rest = UnsafeBufferPointer(rebasing: json[(place + 1)...])
            switch rest.first {
            case UInt8(ascii: "m"):
                readMessaging(rest)
                readOther(rest)
            case UInt8(ascii: "a"), UInt8(ascii: "r"), UInt8(ascii: "s"): readOther(rest)
            case UInt8(ascii: "c"), UInt8(ascii: "n"):
                needsWholeSpan =
                    needsWholeSpan || Self.begins(rest, with: "cloudevents.") || Self.begins(rest, with: "nservicebus.")
            case UInt8(ascii: "t"):
                isReplay =
                    isReplay || Self.begins(rest, with: "throughline.replay\":true")
                    || Self.begins(rest, with: "throughline.replay\":\"true\"")
            case UInt8(ascii: "e"): hasErrorType = hasErrorType || Self.begins(rest, with: "error.type\":")
            default: break
            }
        }
    }

    /// All of them begin with one of these letters.
    private mutating func readOther(_ json: UnsafeBufferPointer<UInt8>) {
        isMessaging = isMessaging || Self.otherNames.contains { json.starts(with: $0) }
    }

    private static let otherNames = AttributeNames.messaging.map { Array("\($0)\":".utf8) }

    private mutating func readMessaging(_ json: UnsafeBufferPointer<UInt8>) {
        let prefix: StaticString = "messaging."
        guard Self.begins(json, with: prefix) else { return }
        isMessaging = true
        let name = UnsafeBufferPointer(rebasing: json[prefix.utf8CodeUnitCount...])
        if let size = Self.number(after: "message.body.size\":", in: name) {
            bodySize = size
        } else if !Self.unused.contains(where: { Self.begins(name, with: $0) }) {
            needsWholeSpan = true
        }
    }

    private static func begins(_ json: UnsafeBufferPointer<UInt8>, with text: StaticString) -> Bool {
        json.count >= text.utf8CodeUnitCount && text.withUTF8Buffer { json.prefix($0.count).elementsEqual($0) }
    }

    private static func number(after text: StaticString, in json: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard begins(json, with: text) else { return nil }
        let digits = json[text.utf8CodeUnitCount...].prefix { (0x30...0x39).contains($0) }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}
