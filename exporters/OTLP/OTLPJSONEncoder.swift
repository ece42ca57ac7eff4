import ThroughlineModel

/// Writes `ExportTraceServiceRequest` as OTLP/JSON.
struct OTLPJSONEncoder {
    private var json = JSONWriter()

    var bytes: [UInt8] { json.bytes }

    mutating func write(_ groups: SpanGroups, _ records: [SpanRecord]) {
        json.beginObject()
        json.key("resourceSpans")
        json.beginArray()
        for group in groups.groups {
            json.beginObject()
            json.key("resource")
            json.beginObject()
            attributes(group.resource.attributes)
            json.endObject()
            json.key("scopeSpans")
            json.beginArray()
            for scope in group.scopes { write(scope, records) }
            json.endArray()
            text("schemaUrl", group.resource.schemaURL)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private mutating func write(_ group: SpanGroups.Scope, _ records: [SpanRecord]) {
        json.beginObject()
        json.key("scope")
        json.beginObject()
        text("name", group.scope.name)
        text("version", group.scope.version)
        attributes(group.scope.attributes)
        json.endObject()
        json.key("spans")
        json.beginArray()
        for index in group.spans { write(records[index]) }
        json.endArray()
        text("schemaUrl", group.scope.schemaURL)
        json.endObject()
    }

    private mutating func write(_ span: SpanRecord) {
        json.beginObject()
        id("traceId", span.traceID.hex)
        id("spanId", span.spanID.hex)
        text("traceState", span.traceState.header)
        if let parent = span.parentID { id("parentSpanId", parent.hex) }
        json.key("name")
        json.string(span.name)
        number("kind", span.kind.rawValue)
        time("startTimeUnixNano", span.start)
        if let end = span.end { time("endTimeUnixNano", end) }
        attributes(span.attributes)
        number("droppedAttributesCount", span.dropped.attributes)
        if !span.events.isEmpty {
            json.key("events")
            json.beginArray()
            for event in span.events {
                json.beginObject()
                time("timeUnixNano", event.time)
                json.key("name")
                json.string(event.name)
                attributes(event.attributes)
                number("droppedAttributesCount", event.droppedAttributes)
                json.endObject()
            }
            json.endArray()
        }
        number("droppedEventsCount", span.dropped.events)
        if !span.links.isEmpty {
            json.key("links")
            json.beginArray()
            for link in span.links { write(link) }
            json.endArray()
        }
        number("droppedLinksCount", span.dropped.links)
        if span.status.code != .unset {
            json.key("status")
            json.beginObject()
            text("message", span.status.message)
            number("code", span.status.code.rawValue)
            json.endObject()
        }
        number("flags", Int(WireFlags.value(span.flags, isRemote: span.parentIsRemote)))
        json.endObject()
    }

    private mutating func write(_ link: SpanLink) {
        json.beginObject()
        id("traceId", link.context.traceID.hex)
        id("spanId", link.context.spanID.hex)
        text("traceState", link.context.traceState.header)
        attributes(link.attributes)
        number("droppedAttributesCount", link.droppedAttributes)
        number("flags", Int(WireFlags.value(link.context.flags, isRemote: link.context.isRemote)))
        json.endObject()
    }

    private mutating func attributes(_ attributes: Attributes) {
        guard !attributes.isEmpty else { return }
        json.key("attributes")
        list(attributes)
    }

    private mutating func list(_ attributes: Attributes) {
        json.beginArray()
        for element in attributes {
            json.beginObject()
            json.key("key")
            json.string(element.key)
            json.key("value")
            value(element.value)
            json.endObject()
        }
        json.endArray()
    }

    private mutating func value(_ value: AttributeValue) {
        json.beginObject()
        switch value {
        case .string(let text):
            json.key("stringValue")
            json.string(text)
        case .bool(let flag):
            json.key("boolValue")
            json.plain(flag ? "true" : "false", quoted: false)
        case .int(let number):
            json.key("intValue")
            json.plain("\(number)", quoted: true)
        case .double(let number):
            json.key("doubleValue")
            // protobuf's JSON mapping has words for what JSON's numbers cannot say.
            if number.isNaN {
                json.plain("NaN", quoted: true)
            } else if number.isInfinite {
                json.plain(number < 0 ? "-Infinity" : "Infinity", quoted: true)
            } else {
                json.plain("\(number)", quoted: false)
            }
        case .array(let values):
            json.key("arrayValue")
            json.beginObject()
            json.key("values")
            json.beginArray()
            for element in values { self.value(element) }
            json.endArray()
            json.endObject()
        case .map(let map):
            json.key("kvlistValue")
            json.beginObject()
            json.key("values")
            list(map)
            json.endObject()
        case .bytes(let bytes):
            json.key("bytesValue")
            json.plain(Base64.encode(bytes), quoted: true)
        }
        json.endObject()
    }

    private mutating func id(_ name: StaticString, _ hex: String) {
        json.key(name)
        json.plain(hex, quoted: true)
    }

    private mutating func time(_ name: StaticString, _ time: Timestamp) {
        json.key(name)
        json.plain("\(time.nanosecondsSinceEpoch)", quoted: true)
    }

    private mutating func text(_ name: StaticString, _ text: String?) {
        guard let text, !text.isEmpty else { return }
        json.key(name)
        json.string(text)
    }

    private mutating func number(_ name: StaticString, _ number: Int) {
        guard number > 0 else { return }
        json.key(name)
        json.plain("\(number)", quoted: false)
    }
}
