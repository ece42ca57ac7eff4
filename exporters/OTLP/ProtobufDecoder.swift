import ThroughlineModel

/// Reads `ExportTraceServiceRequest`, which is the same on the wire as `TracesData`.
struct ProtobufDecoder {
    private var keys = KeyCache()
    private var request = OTLPRequest()

    static func request(_ bytes: [UInt8]) throws(OTLPError) -> OTLPRequest {
        // A typed throw does not go through the closure, so the outcome does.
        let outcome = bytes.withUnsafeBytes { buffer -> Result<OTLPRequest, OTLPError> in
            var decoder = ProtobufDecoder()
            do throws(OTLPError) {
                try decoder.read(ProtobufReader(buffer))
                return .success(decoder.request)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private mutating func read(_ reader: ProtobufReader) throws(OTLPError) {
        var reader = reader
        while let (field, wire) = try reader.next() {
            if field == 1, wire == .bytes {
                try resourceSpans(try reader.message())
            } else {
                try reader.skip(wire)
            }
        }
    }

    private mutating func resourceSpans(_ message: ProtobufReader) throws(OTLPError) {
        // The resource may come behind the spans that belong to it.
        let first = request.spans.count
        var resource = Resource()
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .bytes):
                var inner = try reader.message()
                while let (field, wire) = try inner.next() {
                    if field == 1, wire == .bytes {
                        try attribute(inner.message(), into: &resource.attributes)
                    } else {
                        try inner.skip(wire)
                    }
                }
            case (2, .bytes): try scopeSpans(try reader.message())
            case (3, .bytes): resource.schemaURL = try text(&reader)
            default: try reader.skip(wire)
            }
        }
        for index in first..<request.spans.count { request.spans[index].resource = resource }
    }

    private mutating func scopeSpans(_ message: ProtobufReader) throws(OTLPError) {
        let first = request.spans.count
        var scope = InstrumentationScope()
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .bytes):
                var inner = try reader.message()
                while let (field, wire) = try inner.next() {
                    switch (field, wire) {
                    case (1, .bytes): scope.name = try text(&inner)
                    case (2, .bytes): scope.version = try text(&inner)
                    case (3, .bytes): try attribute(inner.message(), into: &scope.attributes)
                    default: try inner.skip(wire)
                    }
                }
            case (2, .bytes):
                let message = try reader.message()
                request.append(try span(message), readAt: message.position)
            case (3, .bytes): scope.schemaURL = try text(&reader)
            default: try reader.skip(wire)
            }
        }
        for index in first..<request.spans.count { request.spans[index].scope = scope }
    }

    private mutating func span(_ message: ProtobufReader) throws(OTLPError) -> SpanRecord {
        // Senders older than the field leave it out, and nobody sends what is not sampled.
        var record = SpanRecord(
            traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: [.sampled], name: "", kind: .unspecified,
            start: Timestamp(nanosecondsSinceEpoch: 0), end: Timestamp(nanosecondsSinceEpoch: 0))
        record.attributes.reserveCapacity(8)
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .bytes): record.traceID = try traceID(&reader)
            case (2, .bytes): record.spanID = try spanID(&reader) ?? SpanID(0)
            case (3, .bytes): record.traceState = TraceState(header: try text(&reader)) ?? TraceState()
            case (4, .bytes): record.parentID = try spanID(&reader)
            case (5, .bytes): record.name = try text(&reader)
            case (6, .varint): record.kind = SpanKind(rawValue: Int(clamping: try reader.varint())) ?? .unspecified
            case (7, .fixed64): record.start.nanosecondsSinceEpoch = try reader.fixed64()
            case (8, .fixed64): record.end = Timestamp(nanosecondsSinceEpoch: try reader.fixed64())
            case (9, .bytes): try attribute(try reader.message(), into: &record.attributes)
            case (10, .varint): record.dropped.attributes = Int(try reader.varint() & 0xFFFF_FFFF)
            case (11, .bytes): record.events.append(try event(try reader.message()))
            case (12, .varint): record.dropped.events = Int(try reader.varint() & 0xFFFF_FFFF)
            case (13, .bytes): record.links.append(try link(try reader.message()))
            case (14, .varint): record.dropped.links = Int(try reader.varint() & 0xFFFF_FFFF)
            case (15, .bytes): record.status = try status(try reader.message())
            case (16, .fixed32):
                (record.flags, record.parentIsRemote) = WireFlags.parts(of: try reader.fixed32())
            default: try reader.skip(wire)
            }
        }
        return record
    }

    private mutating func event(_ message: ProtobufReader) throws(OTLPError) -> SpanEvent {
        var event = SpanEvent(name: "", time: Timestamp(nanosecondsSinceEpoch: 0))
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .fixed64): event.time.nanosecondsSinceEpoch = try reader.fixed64()
            case (2, .bytes): event.name = try text(&reader)
            case (3, .bytes): try attribute(try reader.message(), into: &event.attributes)
            case (4, .varint): event.droppedAttributes = Int(try reader.varint() & 0xFFFF_FFFF)
            default: try reader.skip(wire)
            }
        }
        return event
    }

    private mutating func link(_ message: ProtobufReader) throws(OTLPError) -> SpanLink {
        var link = SpanLink(context: SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0)))
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .bytes): link.context.traceID = try traceID(&reader)
            case (2, .bytes): link.context.spanID = try spanID(&reader) ?? SpanID(0)
            case (3, .bytes): link.context.traceState = TraceState(header: try text(&reader)) ?? TraceState()
            case (4, .bytes): try attribute(try reader.message(), into: &link.attributes)
            case (5, .varint): link.droppedAttributes = Int(try reader.varint() & 0xFFFF_FFFF)
            case (6, .fixed32):
                (link.context.flags, link.context.isRemote) = WireFlags.parts(of: try reader.fixed32())
            default: try reader.skip(wire)
            }
        }
        return link
    }

    private mutating func status(_ message: ProtobufReader) throws(OTLPError) -> SpanStatus {
        var code = SpanStatus.Code.unset
        var text: String?
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (2, .bytes): text = try self.text(&reader)
            case (3, .varint): code = SpanStatus.Code(rawValue: Int(clamping: try reader.varint())) ?? .unset
            default: try reader.skip(wire)
            }
        }
        return SpanStatus(code: code, message: text)
    }

    private mutating func attribute(
        _ message: ProtobufReader, into attributes: inout Attributes, depth: Int = 0
    ) throws(OTLPError) {
        var key = ""
        var value: AttributeValue?
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .bytes): key = keys.string(try reader.slice())
            case (2, .bytes): value = try self.value(try reader.message(), depth: depth)
            default: try reader.skip(wire)
            }
        }
        // A value that is empty, or of a kind that is not known yet, says nothing.
        guard let value else { return }
        attributes.appendUnique(key, value)
    }

    private mutating func value(_ message: ProtobufReader, depth: Int) throws(OTLPError) -> AttributeValue? {
        guard depth < maximumValueDepth else { throw message.error("values are nested too deep") }
        var value: AttributeValue?
        var reader = message
        while let (field, wire) = try reader.next() {
            switch (field, wire) {
            case (1, .bytes): value = .string(try text(&reader))
            case (2, .varint): value = .bool(try reader.varint() != 0)
            case (3, .varint): value = .int(Int64(bitPattern: try reader.varint()))
            case (4, .fixed64): value = .double(Double(bitPattern: try reader.fixed64()))
            case (5, .bytes):
                var values: [AttributeValue] = []
                var list = try reader.message()
                while let (field, wire) = try list.next() {
                    guard field == 1, wire == .bytes else {
                        try list.skip(wire)
                        continue
                    }
                    // An empty element keeps its place.
                    values.append(try self.value(try list.message(), depth: depth + 1) ?? .string(""))
                }
                value = .array(values)
            case (6, .bytes):
                var map = Attributes()
                var list = try reader.message()
                while let (field, wire) = try list.next() {
                    if field == 1, wire == .bytes {
                        try attribute(try list.message(), into: &map, depth: depth + 1)
                    } else {
                        try list.skip(wire)
                    }
                }
                value = .map(map)
            case (7, .bytes): value = .bytes(Array(try reader.slice()))
            default: try reader.skip(wire)
            }
        }
        return value
    }

    /// Bytes that are no UTF-8 are repaired: a span that is a little wrong is better than none.
    @inline(__always)
    private func text(_ reader: inout ProtobufReader) throws(OTLPError) -> String {
        String(decoding: try reader.slice(), as: UTF8.self)
    }

    @inline(__always)
    private func traceID(_ reader: inout ProtobufReader) throws(OTLPError) -> TraceID {
        let bytes = try reader.slice()
        guard bytes.count == 16 else {
            if bytes.isEmpty { return TraceID(high: 0, low: 0) }
            throw reader.error("a trace id has \(bytes.count) bytes instead of 16")
        }
        return TraceID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// Nil for an empty id, which a span without a parent has.
    @inline(__always)
    private func spanID(_ reader: inout ProtobufReader) throws(OTLPError) -> SpanID? {
        let bytes = try reader.slice()
        guard bytes.count == 8 else {
            if bytes.isEmpty { return nil }
            throw reader.error("a span id has \(bytes.count) bytes instead of 8")
        }
        let id = SpanID(UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        return id.isValid ? id : nil
    }
}

/// Attribute keys that were read before, so that the few that repeat in every span are made once.
struct KeyCache {
    private static let size = 256
    private var strings = [String?](repeating: nil, count: size)

    mutating func string(_ bytes: UnsafeRawBufferPointer) -> String {
        // Short strings need no storage of their own.
        if bytes.count <= 15 { return String(decoding: bytes, as: UTF8.self) }
        var hash: UInt32 = 2_166_136_261
        for byte in bytes.suffix(16) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let slot = Int((hash ^ hash >> 16 ^ UInt32(truncatingIfNeeded: bytes.count)) % UInt32(Self.size))
        if let known = strings[slot], known.utf8.count == bytes.count {
            let isSame = known.utf8.withContiguousStorageIfAvailable { $0.elementsEqual(bytes) }
            if isSame == true { return known }
        }
        let string = String(decoding: bytes, as: UTF8.self)
        strings[slot] = string
        return string
    }
}
