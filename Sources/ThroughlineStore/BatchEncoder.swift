internal import ThroughlineModel

/// Turns span records into an ``EncodedBatch``.
struct BatchEncoder {
    private var batch = EncodedBatch()
    private var stringPlaces: [String: Int32] = [:]
    /// The places of texts that may say that a message was given up.
    private var troubling: Set<Int32> = []
    /// How many texts were looked at for that.
    private var looked: Int32 = 0
    private var tracePlaces: [TraceID: Int32] = [:]
    private var correlationPlaces: [MessageKey: Int32] = [:]
    /// The text that each promoted column had last, and its place: mostly the next span has the same.
    private var lastTexts: [(text: String, place: Int32)]
    private var lastName = (text: "", place: Int32(-1))
    private var resourcePlace: Int32 = -1
    private var scopePlace: Int32 = -1

    static func encode(_ records: some Collection<SpanRecord>) -> EncodedBatch {
        var encoder = BatchEncoder(count: records.count)
        let ended = Self.endedAmongStarted(records)
        for record in records {
            if record.end == nil, ended.contains(SpanReference(record)) { continue }
            encoder.append(record)
        }
        return encoder.batch
    }

    /// The spans that end in this batch, when any start stands in it: such a start need not be written.
    private static func endedAmongStarted(_ records: some Collection<SpanRecord>) -> Set<SpanReference> {
        guard records.contains(where: { $0.end == nil }) else { return [] }
        return Set(records.lazy.filter { $0.end != nil }.map { SpanReference($0) })
    }

    private init(count: Int) {
        lastTexts = Array(repeating: ("", -1), count: PromotedAttribute.textCount)
        batch.spans.reserveCapacity(count)
        batch.texts.reserveCapacity(count * PromotedAttribute.textCount)
        batch.refs.reserveCapacity(count)
    }

    private mutating func append(_ record: SpanRecord) {
        if lastName.place < 0 || lastName.text != record.name { lastName = (record.name, place(of: record.name)) }
        let duration = record.end.map {
            Int64(bitPattern: $0.nanosecondsSinceEpoch &- record.start.nanosecondsSinceEpoch)
        }
        var span = EncodedBatch.Span(
            trace: place(of: record.traceID), spanID: Int64(bitPattern: record.spanID.rawValue),
            parentID: record.parentID.map { Int64(bitPattern: $0.rawValue) },
            flags: WireFlags.value(record.flags, isRemote: record.parentIsRemote), kind: Int64(record.kind.rawValue),
            name: lastName.place, start: Int64(bitPattern: record.start.nanosecondsSinceEpoch), duration: duration,
            status: Int64(record.status.code.rawValue), statusMessage: record.status.message,
            resource: place(of: record.resource), scope: place(of: record.scope),
            traceState: record.traceState.isEmpty ? nil : record.traceState.header, texts: batch.texts.count)
        let mayGiveUp = append(record.attributes, to: &span) || troubling.contains(span.name)
        append(record.links, to: &span)
        if mayGiveUp, Trouble.isGivingUp(record) { span.flags |= Trouble.givingUp }
        if !record.dropped.isEmpty { span.dropped = slice { Self.append(record.dropped, to: &$0) } }
        if !record.events.isEmpty { span.events = slice { EventJSON.append(record.events, to: &$0) } }
        if !span.isOpen { batch.endedCount += 1 }
        batch.spans.append(span)
    }

    /// - Returns: true when some of them may say that a message was given up.
    private mutating func append(_ attributes: Attributes, to span: inout EncodedBatch.Span) -> Bool {
        for _ in 0..<PromotedAttribute.textCount { batch.texts.append(-1) }
        let refs = batch.refs.count
        let start = batch.bytes.count
        var isFirst = true
        var foreign = ForeignNames()
        for element in attributes {
            switch (PromotedAttribute.named(element.key), element.value) {
            case (let column?, .string(let text)) where column.kind != .number: set(text, for: column, &span)
            case (.offset?, .int(let number)): span.numbers.offset = number
            case (.attempt?, .int(let number)): span.numbers.attempt = number
            case (.enqueuedTime?, .int(let number)): span.numbers.enqueuedTime = number
            case (.queueTime?, .int(let number)): span.numbers.queueTime = number
            default:
                if element.key == ThroughlineAttribute.causationIDs { appendCauses(element.value) }
                if element.key == MessagingAttribute.errorType { span.flags |= Trouble.error }
                foreign.note(element)
                if isFirst { batch.bytes.append(UInt8(ascii: "{")) }
                AttributeJSON.appendMember(element.key, element.value, to: &batch.bytes, isFirst: &isFirst)
            }
        }
        for (column, text) in foreign.texts(besides: attributes) {
            set(text, for: column, &span)
            span.flags |= WireFlags.repeats(column)
        }
        if !isFirst {
            batch.bytes.append(UInt8(ascii: "}"))
            span.attributes = slice(from: start)
        }
        span.refs = refs..<batch.refs.count
        if foreign.mayGiveUp { return true }
        guard !troubling.isEmpty else { return false }
        return [PromotedAttribute.operationName, .settlement].contains {
            troubling.contains(batch.texts[span.texts + $0.rawValue])
        }
    }

    private mutating func set(_ text: String, for column: PromotedAttribute, _ span: inout EncodedBatch.Span) {
        switch column {
        case .messageID:
            let key = MessageKey(text)
            span.messageID = key
            batch.refs.append(EncodedBatch.Reference(key: key, role: .own))
        case .causationID:
            let key = MessageKey(text)
            span.causationID = key
            batch.refs.append(EncodedBatch.Reference(key: key, role: .cause))
        case .correlation: span.correlation = place(of: MessageKey(text))
        default: batch.texts[span.texts + column.rawValue] = place(of: text, for: column)
        }
    }

    private mutating func appendCauses(_ value: AttributeValue) {
        for id in value.stringArrayValue ?? [] {
            batch.refs.append(EncodedBatch.Reference(key: MessageKey(id), role: .cause))
        }
    }

    private mutating func append(_ links: [SpanLink], to span: inout EncodedBatch.Span) {
        guard !links.isEmpty else { return }
        let first = batch.links.count
        for link in links {
            var encoded = EncodedBatch.Link(
                targetTrace: place(of: link.context.traceID),
                targetSpan: Int64(bitPattern: link.context.spanID.rawValue),
                flags: WireFlags.value(link.context.flags, isRemote: link.context.isRemote), type: -1,
                traceState: link.context.traceState.isEmpty ? nil : link.context.traceState.header,
                dropped: link.droppedAttributes == 0 ? nil : Int64(link.droppedAttributes), attributes: .null)
            let start = batch.bytes.count
            var isFirst = true
            for element in link.attributes {
                switch (element.key, element.value) {
                case (ThroughlineAttribute.linkType, .string(let type)):
                    encoded.type = place(of: type)
                    if type == LinkType.deadLetterOf.rawValue { span.flags |= Trouble.givingUp }
                case (MessagingAttribute.messageID, .string(let id)):
                    let key = MessageKey(id)
                    encoded.messageID = key
                    // The link from a handler to the creation of its own message names nothing new.
                    if key != span.messageID {
                        batch.refs.append(EncodedBatch.Reference(key: key, role: .linked))
                    }
                default:
                    if isFirst { batch.bytes.append(UInt8(ascii: "{")) }
                    AttributeJSON.appendMember(element.key, element.value, to: &batch.bytes, isFirst: &isFirst)
                }
            }
            if !isFirst {
                batch.bytes.append(UInt8(ascii: "}"))
                encoded.attributes = slice(from: start)
            }
            batch.links.append(encoded)
        }
        span.links = first..<batch.links.count
        span.refs = span.refs.lowerBound..<batch.refs.count
    }

    private mutating func slice(_ write: (inout [UInt8]) -> Void) -> EncodedBatch.Slice {
        let start = batch.bytes.count
        write(&batch.bytes)
        return slice(from: start)
    }

    private func slice(from start: Int) -> EncodedBatch.Slice {
        EncodedBatch.Slice(start: start, count: batch.bytes.count - start)
    }

    private static func append(_ dropped: DroppedCounts, to json: inout [UInt8]) {
        AttributeJSON.append(
            [
                "attributes": .int(Int64(dropped.attributes)), "events": .int(Int64(dropped.events)),
                "links": .int(Int64(dropped.links)),
            ], to: &json)
    }

    private mutating func place(of text: String, for attribute: PromotedAttribute) -> Int32 {
        let last = lastTexts[attribute.rawValue]
        if last.place >= 0, last.text == text { return last.place }
        let place = place(of: text)
        lastTexts[attribute.rawValue] = (text, place)
        return place
    }

    private mutating func place(of text: String) -> Int32 {
        let place = Self.place(of: text, in: &stringPlaces, list: &batch.strings)
        if place == looked {
            if Trouble.mayTell(text) { troubling.insert(place) }
            looked += 1
        }
        return place
    }

    private mutating func place(of trace: TraceID) -> Int32 {
        if let last = batch.traces.last, last == trace { return Int32(batch.traces.count - 1) }
        return Self.place(of: trace, in: &tracePlaces, list: &batch.traces)
    }

    private mutating func place(of correlation: MessageKey) -> Int32 {
        if let last = batch.correlations.last, last == correlation { return Int32(batch.correlations.count - 1) }
        return Self.place(of: correlation, in: &correlationPlaces, list: &batch.correlations)
    }

    /// Resources are few, and mostly one and the same array, which `==` sees at once; hashing one would take longer.
    private mutating func place(of resource: Resource) -> Int32 {
        if resourcePlace >= 0, batch.resources[Int(resourcePlace)] == resource { return resourcePlace }
        let place = batch.resources.firstIndex(of: resource) ?? batch.resources.count
        if place == batch.resources.count { batch.resources.append(resource) }
        resourcePlace = Int32(place)
        return resourcePlace
    }

    private mutating func place(of scope: InstrumentationScope) -> Int32 {
        if scopePlace >= 0, batch.scopes[Int(scopePlace)] == scope { return scopePlace }
        let place = batch.scopes.firstIndex(of: scope) ?? batch.scopes.count
        if place == batch.scopes.count { batch.scopes.append(scope) }
        scopePlace = Int32(place)
        return scopePlace
    }

    private static func place<Key: Hashable>(
        of key: Key, in places: inout [Key: Int32], list: inout [Key]
    ) -> Int32 {
        if let place = places[key] { return place }
        let place = Int32(list.count)
        places[key] = place
        list.append(key)
        return place
    }
}

extension SpanReference {
    init(_ record: SpanRecord) {
        self.init(traceID: record.traceID, spanID: record.spanID)
    }
}
