internal import ThroughlineModel

/// The events of a span as a JSON array of `{"name":…,"time":…,"attributes":{…},"dropped":…}`: time in nanoseconds since
/// the epoch; attributes as ``AttributeJSON`` nests them, and `dropped`, only when there are any.
enum EventJSON {
    static func append(_ events: [SpanEvent], to json: inout [UInt8]) {
        let values = events.map { event in
            var map: Attributes = [
                "name": .string(event.name), "time": .int(Int64(bitPattern: event.time.nanosecondsSinceEpoch)),
            ]
            if !event.attributes.isEmpty { map.appendUnique("attributes", .map(event.attributes)) }
            if event.droppedAttributes != 0 { map.appendUnique("dropped", .int(Int64(event.droppedAttributes))) }
            return AttributeValue.map(map)
        }
        AttributeJSON.append(.array(values), to: &json)
    }

    /// Nil for JSON that ``append(_:to:)`` does not write.
    static func events(of json: UnsafeBufferPointer<UInt8>) -> [SpanEvent]? {
        guard case .array(let values)? = AttributeJSONParser.value(of: json) else { return nil }
        var events: [SpanEvent] = []
        for value in values {
            guard case .map(let map) = value, let name = map["name"]?.stringValue, let time = map["time"]?.intValue
            else { return nil }
            var event = SpanEvent(name: name, time: Timestamp(nanosecondsSinceEpoch: UInt64(bitPattern: time)))
            if case .map(let attributes)? = map["attributes"] { event.attributes = attributes }
            event.droppedAttributes = map["dropped"]?.intValue.map { Int(clamping: $0) } ?? 0
            events.append(event)
        }
        return events
    }
}
