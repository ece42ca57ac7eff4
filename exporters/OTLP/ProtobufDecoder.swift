import ThroughlineModel

/// Reads `ExportTraceServiceRequest`, which is the same on the wire as `TracesData`.
struct ProtobufDecoder: ~Copyable {
    private var attributes = AttributeDecoder()
    private var names = Recall<String>()
    private var traceStates = Recall<TraceState>()
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

    private mutating func read(_ message: ProtobufReader) throws(OTLPError) {
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            if tag == 0x0A {
                try resourceSpans(try reader.message())
            } else {
                try reader.skip(tag)
            }
        }
    }

    /// What spans have in common may stand behind them, so it is read first, in a pass of its own that skips the spans.
    private mutating func resourceSpans(_ message: ProtobufReader) throws(OTLPError) {
        var resource = Resource()
        var elements: [Attributes.Element] = []
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A:
                var inner = try reader.message()
                while !inner.isAtEnd {
                    let tag = try inner.varint()
                    if tag == 0x0A {
                        try attributes.append(try inner.message(), to: &elements)
                    } else {
                        try inner.skip(tag)
                    }
                }
            case 0x1A: resource.schemaURL = try reader.text()
            default: try reader.skip(tag)
            }
        }
        resource.attributes = Attributes(lastOfEach: elements)
        reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            if tag == 0x12 {
                try scopeSpans(try reader.message(), of: resource)
            } else {
                try reader.skip(tag)
            }
        }
    }

    private mutating func scopeSpans(_ message: ProtobufReader, of resource: Resource) throws(OTLPError) {
        var scope = InstrumentationScope()
        var count = 0
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A: scope = try self.scope(try reader.message())
            // A span without ids is not kept, and ids take 28 bytes.
            case 0x12: if try reader.slice().count >= 28 { count += 1 }
            case 0x1A: scope.schemaURL = try reader.text()
            default: try reader.skip(tag)
            }
        }
        request.reserve(count)
        // Senders older than the field leave the flags out, and nobody sends what is not sampled.
        let empty = SpanRecord(
            traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: [.sampled], name: "", kind: .unspecified,
            start: Timestamp(nanosecondsSinceEpoch: 0), end: Timestamp(nanosecondsSinceEpoch: 0), resource: resource,
            scope: scope)
        reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            if tag == 0x12 {
                let message = try reader.message()
                var span = empty
                try read(message, into: &span)
                request.append(consume span, readAt: message.position)
            } else {
                try reader.skip(tag)
            }
        }
    }

    private mutating func scope(_ message: ProtobufReader) throws(OTLPError) -> InstrumentationScope {
        var scope = InstrumentationScope()
        var elements: [Attributes.Element] = []
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A: scope.name = try reader.text()
            case 0x12: scope.version = try reader.text()
            case 0x1A: try attributes.append(try reader.message(), to: &elements)
            default: try reader.skip(tag)
            }
        }
        scope.attributes = Attributes(lastOfEach: elements)
        return scope
    }

    /// Takes over what a span says. It is not inlined, so that a span is put together in one place in memory.
    @inline(never)
    private mutating func read(_ message: ProtobufReader, into span: inout SpanRecord) throws(OTLPError) {
        var list = attributes.list()
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A: span.traceID = try reader.traceID()
            case 0x12: span.spanID = try reader.spanID() ?? SpanID(0)
            case 0x1A: span.traceState = traceState(try reader.slice())
            case 0x22: span.parentID = try reader.spanID()
            case 0x2A: span.name = name(try reader.slice())
            case 0x30: span.kind = SpanKind(rawValue: Int(clamping: try reader.varint())) ?? .unspecified
            case 0x39: span.start.nanosecondsSinceEpoch = try reader.fixed64()
            case 0x41: span.end = Timestamp(nanosecondsSinceEpoch: try reader.fixed64())
            case 0x4A: try attributes.append(try reader.message(), to: &list)
            case 0x50: span.dropped.attributes = try reader.count()
            case 0x5A: span.events.append(try event(try reader.message()))
            case 0x60: span.dropped.events = try reader.count()
            case 0x6A: span.links.append(try link(try reader.message()))
            case 0x70: span.dropped.links = try reader.count()
            case 0x7A: span.status = try status(try reader.message())
            case 0x85: (span.flags, span.parentIsRemote) = WireFlags.parts(of: try reader.fixed32())
            default: try reader.skip(tag)
            }
        }
        span.attributes = attributes.finish(list)
    }

    private mutating func event(_ message: ProtobufReader) throws(OTLPError) -> SpanEvent {
        var event = SpanEvent(name: "", time: Timestamp(nanosecondsSinceEpoch: 0))
        var elements: [Attributes.Element] = []
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x09: event.time.nanosecondsSinceEpoch = try reader.fixed64()
            case 0x12: event.name = try reader.text()
            case 0x1A: try attributes.append(try reader.message(), to: &elements)
            case 0x20: event.droppedAttributes = try reader.count()
            default: try reader.skip(tag)
            }
        }
        event.attributes = Attributes(lastOfEach: elements)
        return event
    }

    private mutating func link(_ message: ProtobufReader) throws(OTLPError) -> SpanLink {
        var link = SpanLink(
            context: SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: WireFlags.untold))
        var elements: [Attributes.Element] = []
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A: link.context.traceID = try reader.traceID()
            case 0x12: link.context.spanID = try reader.spanID() ?? SpanID(0)
            case 0x1A: link.context.traceState = traceState(try reader.slice())
            case 0x22: try attributes.append(try reader.message(), to: &elements)
            case 0x28: link.droppedAttributes = try reader.count()
            case 0x35: (link.context.flags, link.context.isRemote) = WireFlags.linkParts(of: try reader.fixed32())
            default: try reader.skip(tag)
            }
        }
        link.attributes = Attributes(lastOfEach: elements)
        return link
    }

    private func status(_ message: ProtobufReader) throws(OTLPError) -> SpanStatus {
        var code = SpanStatus.Code.unset
        var text: String?
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x12: text = try reader.text()
            case 0x18: code = SpanStatus.Code(rawValue: Int(clamping: try reader.varint())) ?? .unset
            default: try reader.skip(tag)
            }
        }
        return SpanStatus(code: code, message: text)
    }

    @inline(__always)
    private mutating func name(_ bytes: UnsafeRawBufferPointer) -> String {
        if let name = names.value(of: bytes) { return name }
        let name = String(decoding: bytes, as: UTF8.self)
        names.keep(name)
        return name
    }

    /// A list that is malformed is discarded whole.
    private mutating func traceState(_ bytes: UnsafeRawBufferPointer) -> TraceState {
        if let state = traceStates.value(of: bytes) { return state }
        let state = TraceState(header: String(decoding: bytes, as: UTF8.self)) ?? TraceState()
        traceStates.keep(state)
        return state
    }
}

extension ProtobufReader {
    /// A count of 32 bits.
    fileprivate mutating func count() throws(OTLPError) -> Int { Int(try varint() & 0xFFFF_FFFF) }

    @inline(__always)
    fileprivate mutating func traceID() throws(OTLPError) -> TraceID {
        let bytes = try slice()
        guard bytes.count == 16 else {
            if bytes.isEmpty { return TraceID(high: 0, low: 0) }
            throw error("a trace id has \(bytes.count) bytes instead of 16")
        }
        return TraceID(high: UInt64(bigEndian: bytes.word(0)), low: UInt64(bigEndian: bytes.word(8)))
    }

    /// Nil for an empty id, which a span without a parent has.
    @inline(__always)
    fileprivate mutating func spanID() throws(OTLPError) -> SpanID? {
        let bytes = try slice()
        guard bytes.count == 8 else {
            if bytes.isEmpty { return nil }
            throw error("a span id has \(bytes.count) bytes instead of 8")
        }
        let id = SpanID(UInt64(bigEndian: bytes.word(0)))
        return id.isValid ? id : nil
    }
}
