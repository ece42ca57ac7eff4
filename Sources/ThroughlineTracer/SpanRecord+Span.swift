import ThroughlineModel
import Tracing

extension SpanRecord {
    /// What a span holds now, cut to the limits. Runs on the pipeline's thread.
    init(_ span: RecordingSpan) {
        let state = span.snapshot()
        let limits = span.core.configuration.limits
        self.init(
            traceID: span.own.traceID, spanID: span.own.spanID, parentID: span.parent?.spanID,
            parentIsRemote: span.parent?.isRemote ?? false, flags: span.own.flags, traceState: span.own.traceState,
            name: state.name, kind: span.kind, start: span.start, end: state.end,
            attributes: Attributes(state.attributes, valueLength: limits.attributeValueLength),
            dropped: state.dropped, resource: span.core.resource, scope: span.core.configuration.scope)
        if !state.events.isEmpty { events = state.events.map { ThroughlineModel.SpanEvent($0, limits) } }
        if !state.links.isEmpty { links = state.links.map { ThroughlineModel.SpanLink($0, limits) } }
        if let status = state.status { self.status = ThroughlineModel.SpanStatus(status) }
        let redaction = span.core.configuration.redaction
        if !redaction.isEmpty { redaction.apply(to: &self) }
    }
}

extension Attributes {
    fileprivate init(_ attributes: SpanAttributes, valueLength: Int?, limit: Int = .max) {
        self.init()
        reserveCapacity(attributes.count)
        attributes.forEach { key, value in
            guard count < limit, var value = AttributeValue(value) else { return }
            if let valueLength { value.truncate(to: valueLength) }
            appendUnique(key, value)
        }
    }
}

extension AttributeValue {
    fileprivate init?(_ value: SpanAttribute) {
        switch value {
        case .string(let value): self = .string(value)
        case .int32(let value): self = .int(Int64(value))
        case .int64(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .bool(let value): self = .bool(value)
        case .stringArray(let values): self = .array(values.map { .string($0) })
        case .int32Array(let values): self = .array(values.map { .int(Int64($0)) })
        case .int64Array(let values): self = .array(values.map { .int($0) })
        case .doubleArray(let values): self = .array(values.map { .double($0) })
        case .boolArray(let values): self = .array(values.map { .bool($0) })
        case .stringConvertible(let value): self = .string(String(describing: value))
        case .stringConvertibleArray(let values): self = .array(values.map { .string(String(describing: $0)) })
        default: return nil
        }
    }

    fileprivate mutating func truncate(to length: Int) {
        switch self {
        case .string(let text) where text.utf8.count > length && text.unicodeScalars.count > length:
            self = .string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(length))))
        case .array(var values):
            for index in values.indices { values[index].truncate(to: length) }
            self = .array(values)
        default: break
        }
    }
}

extension ThroughlineModel.SpanEvent {
    fileprivate init(_ event: Tracing.SpanEvent, _ limits: SpanLimits) {
        self.init(
            name: event.name, time: Timestamp(nanosecondsSinceEpoch: event.nanosecondsSinceEpoch),
            attributes: Attributes(
                event.attributes, valueLength: limits.attributeValueLength, limit: limits.attributesPerEvent),
            droppedAttributes: max(0, event.attributes.count - limits.attributesPerEvent))
    }
}

extension ThroughlineModel.SpanLink {
    fileprivate init(_ link: Tracing.SpanLink, _ limits: SpanLimits) {
        let nowhere = SpanContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0))
        self.init(
            context: link.context.spanContext ?? nowhere,
            attributes: Attributes(
                link.attributes, valueLength: limits.attributeValueLength, limit: limits.attributesPerLink),
            droppedAttributes: max(0, link.attributes.count - limits.attributesPerLink))
    }
}

extension ThroughlineModel.SpanStatus {
    fileprivate init(_ status: Tracing.SpanStatus) {
        switch status.code {
        case .ok: self = .ok
        case .error: self = .error(status.message)
        }
    }
}
