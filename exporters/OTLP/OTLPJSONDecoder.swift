import ThroughlineModel

/// Reads `ExportTraceServiceRequest` or `TracesData` as OTLP/JSON.
struct OTLPJSONDecoder {
    private var request = OTLPRequest()

    static func request(_ bytes: [UInt8]) throws(OTLPError) -> OTLPRequest {
        let outcome = bytes.withUnsafeBytes { buffer -> Result<OTLPRequest, OTLPError> in
            var decoder = OTLPJSONDecoder()
            var reader = JSONReader(buffer)
            do throws(JSONError) {
                try decoder.read(&reader)
                try reader.end()
                return .success(decoder.request)
            } catch {
                return .failure(OTLPError(error))
            }
        }
        return try outcome.get()
    }

    private mutating func read(_ reader: inout JSONReader) throws(JSONError) {
        try reader.object { reader, key throws(JSONError) in
            guard key == "resourceSpans" else { return try reader.skip() }
            try reader.array { reader throws(JSONError) in try resourceSpans(&reader) }
        }
    }

    private mutating func resourceSpans(_ reader: inout JSONReader) throws(JSONError) {
        let first = request.spans.count
        var resource = Resource()
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "resource":
                try reader.object { reader, key throws(JSONError) in
                    guard key == "attributes" else { return try reader.skip() }
                    resource.attributes = try attributes(&reader, 0)
                }
            case "scopeSpans": try reader.array { reader throws(JSONError) in try scopeSpans(&reader) }
            case "schemaUrl": resource.schemaURL = try text(&reader)
            default: try reader.skip()
            }
        }
        for index in first..<request.spans.count { request.spans[index].resource = resource }
    }

    private mutating func scopeSpans(_ reader: inout JSONReader) throws(JSONError) {
        let first = request.spans.count
        var scope = InstrumentationScope()
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "scope":
                try reader.object { reader, key throws(JSONError) in
                    switch key {
                    case "name": scope.name = try reader.null() ? "" : try reader.string()
                    case "version": scope.version = try text(&reader)
                    case "attributes": scope.attributes = try attributes(&reader, 0)
                    default: try reader.skip()
                    }
                }
            case "spans":
                try reader.array { reader throws(JSONError) in
                    let offset = reader.position
                    request.append(try Self.span(&reader), readAt: offset)
                }
            case "schemaUrl": scope.schemaURL = try text(&reader)
            default: try reader.skip()
            }
        }
        for index in first..<request.spans.count { request.spans[index].scope = scope }
    }

    private static func span(_ reader: inout JSONReader) throws(JSONError) -> SpanRecord {
        // Senders older than the field leave it out, and nobody sends what is not sampled.
        var record = SpanRecord(
            traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: [.sampled], name: "", kind: .unspecified,
            start: Timestamp(nanosecondsSinceEpoch: 0), end: Timestamp(nanosecondsSinceEpoch: 0))
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "traceId": record.traceID = try traceID(&reader)
            case "spanId": record.spanID = try spanID(&reader) ?? SpanID(0)
            case "traceState": record.traceState = TraceState(header: try text(&reader) ?? "") ?? TraceState()
            case "parentSpanId": record.parentID = try spanID(&reader)
            case "name": record.name = try text(&reader) ?? ""
            case "kind": record.kind = try kind(&reader)
            case "startTimeUnixNano": record.start.nanosecondsSinceEpoch = try reader.unsigned()
            case "endTimeUnixNano": record.end = Timestamp(nanosecondsSinceEpoch: try reader.unsigned())
            case "attributes": record.attributes = try attributes(&reader, 0)
            case "droppedAttributesCount": record.dropped.attributes = Int(clamping: try reader.unsigned())
            case "events": try reader.array { reader throws(JSONError) in record.events.append(try event(&reader)) }
            case "droppedEventsCount": record.dropped.events = Int(clamping: try reader.unsigned())
            case "links": try reader.array { reader throws(JSONError) in record.links.append(try link(&reader)) }
            case "droppedLinksCount": record.dropped.links = Int(clamping: try reader.unsigned())
            case "status": record.status = try status(&reader)
            case "flags": (record.flags, record.parentIsRemote) = WireFlags.parts(of: try flags(&reader))
            default: try reader.skip()
            }
        }
        return record
    }

    private static func event(_ reader: inout JSONReader) throws(JSONError) -> SpanEvent {
        var event = SpanEvent(name: "", time: Timestamp(nanosecondsSinceEpoch: 0))
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "timeUnixNano": event.time.nanosecondsSinceEpoch = try reader.unsigned()
            case "name": event.name = try text(&reader) ?? ""
            case "attributes": event.attributes = try attributes(&reader, 0)
            case "droppedAttributesCount": event.droppedAttributes = Int(clamping: try reader.unsigned())
            default: try reader.skip()
            }
        }
        return event
    }

    private static func link(_ reader: inout JSONReader) throws(JSONError) -> SpanLink {
        var link = SpanLink(
            context: SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: WireFlags.untold))
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "traceId": link.context.traceID = try traceID(&reader)
            case "spanId": link.context.spanID = try spanID(&reader) ?? SpanID(0)
            case "traceState": link.context.traceState = TraceState(header: try text(&reader) ?? "") ?? TraceState()
            case "attributes": link.attributes = try attributes(&reader, 0)
            case "droppedAttributesCount": link.droppedAttributes = Int(clamping: try reader.unsigned())
            case "flags": (link.context.flags, link.context.isRemote) = WireFlags.linkParts(of: try flags(&reader))
            default: try reader.skip()
            }
        }
        return link
    }

    private static func status(_ reader: inout JSONReader) throws(JSONError) -> SpanStatus {
        var code = SpanStatus.Code.unset
        var message: String?
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "message": message = try text(&reader)
            case "code":
                let word = try reader.numberText()
                let names = ["STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2]
                code = (names[word] ?? Int(word)).flatMap(SpanStatus.Code.init) ?? .unset
            default: try reader.skip()
            }
        }
        return SpanStatus(code: code, message: message)
    }

    /// A number, as OTLP demands; the names that protobuf's own JSON has are understood too.
    private static func kind(_ reader: inout JSONReader) throws(JSONError) -> SpanKind {
        let word = try reader.numberText()
        if let number = Int(word) { return SpanKind(rawValue: number) ?? .unspecified }
        let names = [
            "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
        ]
        return names.firstIndex(of: word).flatMap { SpanKind(rawValue: $0 + 1) } ?? .unspecified
    }

    private static func flags(_ reader: inout JSONReader) throws(JSONError) -> UInt32 {
        UInt32(truncatingIfNeeded: try reader.unsigned())
    }

    private func attributes(_ reader: inout JSONReader, _ depth: Int) throws(JSONError) -> Attributes {
        try Self.attributes(&reader, depth)
    }

    private static func attributes(_ reader: inout JSONReader, _ depth: Int) throws(JSONError) -> Attributes {
        var elements: [Attributes.Element] = []
        try reader.array { reader throws(JSONError) in
            var name = ""
            var value: AttributeValue?
            try reader.object { reader, key throws(JSONError) in
                switch key {
                case "key": name = try text(&reader) ?? ""
                case "value": value = try Self.value(&reader, depth)
                default: try reader.skip()
                }
            }
            if let value { elements.append(Attributes.Element(key: name, value: value)) }
        }
        return Attributes(lastOfEach: elements)
    }

    private static func value(_ reader: inout JSONReader, _ depth: Int) throws(JSONError) -> AttributeValue? {
        guard depth < maximumValueDepth else { throw reader.error("values are nested too deep") }
        var value: AttributeValue?
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "stringValue": value = try text(&reader).map { .string($0) }
            case "boolValue": value = .bool(try reader.bool())
            case "intValue": value = .int(try reader.signed())
            case "doubleValue": value = .double(try reader.double())
            case "bytesValue":
                guard let bytes = Base64.decode(try text(&reader) ?? "") else {
                    throw reader.error("this is no base64")
                }
                value = .bytes(bytes)
            case "arrayValue":
                var values: [AttributeValue] = []
                try reader.object { reader, key throws(JSONError) in
                    guard key == "values" else { return try reader.skip() }
                    try reader.array { reader throws(JSONError) in
                        values.append(try Self.value(&reader, depth + 1) ?? .string(""))
                    }
                }
                value = .array(values)
            case "kvlistValue":
                var map = Attributes()
                try reader.object { reader, key throws(JSONError) in
                    guard key == "values" else { return try reader.skip() }
                    map = try Self.attributes(&reader, depth + 1)
                }
                value = .map(map)
            default: try reader.skip()
            }
        }
        return value
    }

    private func text(_ reader: inout JSONReader) throws(JSONError) -> String? { try Self.text(&reader) }

    private static func text(_ reader: inout JSONReader) throws(JSONError) -> String? {
        try reader.null() ? nil : try reader.string()
    }

    /// Hexadecimal, as OTLP demands; base64, which plain protobuf JSON has, is told by its length.
    private static func traceID(_ reader: inout JSONReader) throws(JSONError) -> TraceID {
        let text = try text(&reader) ?? ""
        if text.isEmpty { return TraceID(high: 0, low: 0) }
        if let id = TraceID(hex: text) { return id }
        guard let bytes = Base64.decode(text), bytes.count == 16 else {
            throw reader.error("'\(text.prefix(40))' is no trace id")
        }
        return TraceID(high: number(bytes[..<8]), low: number(bytes[8...]))
    }

    private static func spanID(_ reader: inout JSONReader) throws(JSONError) -> SpanID? {
        let text = try text(&reader) ?? ""
        if text.isEmpty { return nil }
        if let id = SpanID(hex: text) { return id.isValid ? id : nil }
        guard let bytes = Base64.decode(text), bytes.count == 8 else {
            throw reader.error("'\(text.prefix(40))' is no span id")
        }
        let id = SpanID(number(bytes[...]))
        return id.isValid ? id : nil
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
