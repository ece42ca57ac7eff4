import ThroughlineModel

/// Writes spans as a list in Zipkin's v2 JSON, by OpenTelemetry's mapping.
struct ZipkinEncoder {
    private var json = JSONWriter()
    private var origin: SpanOrigin?
    private var note = TagNote()

    init() {
        json.beginArray()
    }

    mutating func finish() -> [UInt8] {
        json.endArray()
        return json.bytes
    }

    mutating func write(_ span: borrowing SpanRecord) {
        let origin = origin(of: span)
        json.beginObject()
        json.key("traceId")
        json.plain(span.traceID.hex, quoted: true)
        json.key("id")
        json.plain(span.spanID.hex, quoted: true)
        if let parent = span.parentID {
            json.key("parentId")
            json.plain(parent.hex, quoted: true)
        }
        if !span.name.isEmpty {
            json.key("name")
            json.string(span.name)
        }
        if let kind = span.kind.zipkinName {
            json.key("kind")
            json.plain(kind, quoted: true)
        }
        number("timestamp", span.start.microseconds)
        if let duration = Self.microseconds(span) { number("duration", duration) }
        endpoint("localEndpoint", serviceName: origin.serviceName)
        if let remote = Endpoint(remoteOf: copy span) { endpoint("remoteEndpoint", remote) }
        annotations(span.events)
        if span.attributes[ZipkinAttribute.debug] == true {
            json.key("debug")
            json.plain("true", quoted: false)
        }
        tags(span, origin)
        json.endObject()
    }

    /// The origin of the span; mostly that of the span before.
    private mutating func origin(of span: borrowing SpanRecord) -> SpanOrigin {
        if let origin, origin.resource == span.resource, origin.scope == span.scope { return origin }
        let fresh = SpanOrigin(span.resource, span.scope)
        origin = fresh
        return fresh
    }

    /// Whole microseconds; what is less than one counts as one, because Zipkin reads zero as "not known". Nil for a span
    /// that ends before it begins.
    private static func microseconds(_ span: borrowing SpanRecord) -> UInt64? {
        guard let end = span.end, end >= span.start else { return nil }
        return max(1, span.start.nanoseconds(until: end) / 1_000)
    }

    private mutating func number(_ name: StaticString, _ number: UInt64) {
        json.key(name)
        json.plain("\(number)", quoted: false)
    }

    private mutating func endpoint(_ name: StaticString, serviceName: String) {
        var endpoint = Endpoint()
        endpoint.serviceName = serviceName
        self.endpoint(name, endpoint)
    }

    private mutating func endpoint(_ name: StaticString, _ endpoint: Endpoint) {
        json.key(name)
        json.beginObject()
        text("serviceName", endpoint.serviceName)
        text("ipv4", endpoint.ipv4)
        text("ipv6", endpoint.ipv6)
        if endpoint.port > 0 { number("port", UInt64(endpoint.port)) }
        json.endObject()
    }

    private mutating func text(_ name: StaticString, _ text: String) {
        guard !text.isEmpty else { return }
        json.key(name)
        json.string(text)
    }

    private mutating func annotations(_ events: [SpanEvent]) {
        guard !events.isEmpty else { return }
        json.key("annotations")
        json.beginArray()
        for event in events {
            json.beginObject()
            number("timestamp", event.time.microseconds)
            json.key("value")
            json.string(AnnotationText.text(of: event))
            json.endObject()
        }
        json.endArray()
    }

    private mutating func tags(_ span: borrowing SpanRecord, _ origin: SpanOrigin) {
        note.clear()
        json.key("tags")
        json.beginObject()
        for element in span.attributes {
            let isResourceKey = ResourceKey.matches(element.key)
            if ZipkinTag.isReserved(element.key) || origin.hasTag(element.key, isResourceKey: isResourceKey) {
                note.leaveOut(element)
            } else {
                json.tag(element.key, element.value)
                note.tagged(element, asExpected: !isResourceKey)
            }
        }
        json.written(origin.tags)
        status(span.status)
        count(ZipkinTag.droppedAttributes, span.dropped.attributes)
        count(ZipkinTag.droppedEvents, span.dropped.events)
        count(ZipkinTag.droppedLinks, span.dropped.links)
        if !span.traceState.isEmpty { json.tag(ZipkinTag.traceState, .string(span.traceState.header)) }
        for (index, link) in span.links.enumerated() {
            json.tag("\(ZipkinTag.link)\(index)", .string(LinkText.text(of: link)))
        }
        json.tag(ZipkinTag.exact, .string(String(decoding: exact(span, origin), as: UTF8.self)))
        json.endObject()
    }

    private mutating func status(_ status: SpanStatus) {
        guard status.code != .unset else { return }
        json.tag(ZipkinTag.statusCode, status.code == .ok ? "OK" : "ERROR")
        if status.code == .error { json.tag(ZipkinTag.error, .string(status.message ?? "")) }
    }

    private mutating func count(_ name: String, _ count: Int) {
        guard count > 0 else { return }
        json.tag(name, .int(Int64(count)))
    }

    /// What is left when everything above is read back: the tag `throughline.exact`.
    private func exact(_ span: borrowing SpanRecord, _ origin: SpanOrigin) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        if span.flags != .sampled { json.note("flags", Int64(span.flags.rawValue)) }
        if span.parentIsRemote { json.note("remote", true) }
        if span.kind == .unspecified { json.note("unspecified", true) }
        if span.name.hasUppercase {
            json.key("name")
            json.string(span.name)
        }
        let start = span.start.nanosecondsSinceEpoch
        if start % 1_000 != 0 { json.note("start", Int64(start % 1_000)) }
        let duration = Int64(bitPattern: (span.end?.nanosecondsSinceEpoch ?? start) &- start)
        if duration <= 0 || duration % 1_000 != 0 { json.note("duration", duration) }
        note.write(to: &json)
        if span.events.contains(where: { $0.exactNote != 0 }) { json.note("events", span.events.map(\.exactNote)) }
        if span.links.contains(where: { $0.exactNote != 0 }) { json.note("links", span.links.map(\.exactNote)) }
        json.written(origin.exact)
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func note(_ name: StaticString, _ number: Int64) {
        key(name)
        plain("\(number)", quoted: false)
    }

    fileprivate mutating func note(_ name: StaticString, _ flag: Bool) {
        key(name)
        plain(flag ? "true" : "false", quoted: false)
    }

    fileprivate mutating func note(_ name: StaticString, _ numbers: [Int64]) {
        key(name)
        beginArray()
        for number in numbers { plain("\(number)", quoted: false) }
        endArray()
    }
}

extension SpanEvent {
    /// The nanoseconds of its time below a microsecond, and 1,000 for each dropped attribute.
    fileprivate var exactNote: Int64 {
        Int64(time.nanosecondsSinceEpoch % 1_000) + 1_000 * Int64(UInt32(clamping: droppedAttributes))
    }
}

extension SpanLink {
    /// The flags of its context, and 256 when that came from another process.
    fileprivate var exactNote: Int64 { Int64(context.flags.rawValue) | (context.isRemote ? 0x100 : 0) }
}

extension Timestamp {
    /// Whole microseconds since the epoch, as Zipkin counts.
    var microseconds: UInt64 { nanosecondsSinceEpoch / 1_000 }
}

extension SpanKind {
    /// Nil where Zipkin leaves the kind out.
    var zipkinName: String? {
        switch self {
        case .unspecified, .internal: nil
        case .server: "SERVER"
        case .client: "CLIENT"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        }
    }
}
