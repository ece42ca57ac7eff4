import ThroughlineModel

/// Writes `ExportTraceServiceRequest`, its last field first.
struct ProtobufEncoder: ~Copyable {
    private var writer: ReverseWriter
    private let records: [SpanRecord]

    init(_ records: [SpanRecord]) {
        self.records = records
        // About what a span of eight attributes takes; more is found out on the way.
        writer = ReverseWriter(capacity: 256 + records.count * 384)
    }

    consuming func finish() -> [UInt8] { writer.bytes() }

    mutating func write(_ groups: SpanGroups) {
        for group in groups.groups.reversed() {
            let end = writer.count
            text(group.resource.schemaURL, 0x1A)
            for scope in group.scopes.reversed() { write(scope) }
            let resourceEnd = writer.count
            attributes(group.resource.attributes, 0x0A)
            close(resourceEnd, 0x0A)
            close(end, 0x0A)
        }
    }

    private mutating func write(_ group: SpanGroups.Scope) {
        let end = writer.count
        text(group.scope.schemaURL, 0x1A)
        for index in group.spans.reversed() { write(records[index]) }
        let scopeEnd = writer.count
        attributes(group.scope.attributes, 0x1A)
        text(group.scope.version, 0x12)
        text(group.scope.name, 0x0A)
        close(scopeEnd, 0x0A)
        close(end, 0x12)
    }

    private mutating func write(_ span: borrowing SpanRecord) {
        let end = writer.count
        writer.fixed32(WireFlags.value(span.flags, isRemote: span.parentIsRemote))
        writer.byte(0x01)
        writer.byte(0x85)
        if span.status.code != .unset {
            let statusEnd = writer.count
            writer.varint(UInt64(span.status.code.rawValue))
            writer.byte(0x18)
            text(span.status.message, 0x12)
            close(statusEnd, 0x7A)
        }
        number(span.dropped.links, 0x70)
        if !span.links.isEmpty {
            for link in span.links.reversed() { write(link) }
        }
        number(span.dropped.events, 0x60)
        if !span.events.isEmpty {
            for event in span.events.reversed() { write(event) }
        }
        number(span.dropped.attributes, 0x50)
        attributes(span.attributes, 0x4A)
        writer.fixed64(span.end?.nanosecondsSinceEpoch ?? 0)
        writer.byte(0x41)
        writer.fixed64(span.start.nanosecondsSinceEpoch)
        writer.byte(0x39)
        writer.varint(UInt64(span.kind.rawValue))
        writer.byte(0x30)
        writer.string(span.name)
        writer.byte(0x2A)
        if let parent = span.parentID {
            writer.bigEndian64(parent.rawValue)
            writer.byte(8)
            writer.byte(0x22)
        }
        text(span.traceState.header, 0x1A)
        writer.bigEndian64(span.spanID.rawValue)
        writer.byte(8)
        writer.byte(0x12)
        traceID(span.traceID)
        close(end, 0x12)
    }

    private mutating func write(_ link: SpanLink) {
        let end = writer.count
        writer.fixed32(WireFlags.value(link.context.flags, isRemote: link.context.isRemote))
        writer.byte(0x35)
        number(link.droppedAttributes, 0x28)
        attributes(link.attributes, 0x22)
        text(link.context.traceState.header, 0x1A)
        writer.bigEndian64(link.context.spanID.rawValue)
        writer.byte(8)
        writer.byte(0x12)
        traceID(link.context.traceID)
        close(end, 0x6A)
    }

    private mutating func write(_ event: SpanEvent) {
        let end = writer.count
        number(event.droppedAttributes, 0x20)
        attributes(event.attributes, 0x1A)
        writer.string(event.name)
        writer.byte(0x12)
        writer.fixed64(event.time.nanosecondsSinceEpoch)
        writer.byte(0x09)
        close(end, 0x5A)
    }

    private mutating func traceID(_ id: TraceID) {
        writer.bigEndian64(id.low)
        writer.bigEndian64(id.high)
        writer.byte(16)
        writer.byte(0x0A)
    }

    private mutating func attributes(_ attributes: Attributes, _ tag: UInt8) {
        var index = attributes.count
        while index > 0 {
            index &-= 1
            let element = attributes[index]
            let end = writer.count
            value(element.value)
            close(end, 0x12)
            writer.string(element.key)
            writer.byte(0x0A)
            close(end, tag)
        }
    }

    /// The content of an `AnyValue`.
    private mutating func value(_ value: AttributeValue) {
        switch value {
        case .string(let text):
            writer.string(text)
            writer.byte(0x0A)
        case .bool(let flag):
            writer.byte(flag ? 1 : 0)
            writer.byte(0x10)
        case .int(let number):
            writer.varint(UInt64(bitPattern: number))
            writer.byte(0x18)
        case .double(let number):
            writer.fixed64(number.bitPattern)
            writer.byte(0x21)
        case .array(let values):
            let end = writer.count
            for element in values.reversed() {
                let elementEnd = writer.count
                self.value(element)
                close(elementEnd, 0x0A)
            }
            close(end, 0x2A)
        case .map(let map):
            let end = writer.count
            attributes(map, 0x0A)
            close(end, 0x32)
        case .bytes(let bytes):
            bytes.withUnsafeBufferPointer { writer.lengthDelimited($0) }
            writer.byte(0x3A)
        }
    }

    private mutating func text(_ text: String?, _ tag: UInt8) {
        guard let text, !text.isEmpty else { return }
        writer.string(text)
        writer.byte(tag)
    }

    private mutating func number(_ number: Int, _ tag: UInt8) {
        guard number > 0 else { return }
        writer.varint(UInt64(UInt32(clamping: number)))
        writer.byte(tag)
    }

    /// Ends a message that began where ``ReverseWriter/count`` was `end`.
    @inline(__always)
    private mutating func close(_ end: Int, _ tag: UInt8) {
        writer.length(since: end)
        writer.byte(tag)
    }
}
