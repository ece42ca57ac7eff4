import ThroughlineModel

/// An event as the text of an annotation: its name, and its attributes behind it when there are any,
/// `"name": {"key": "value"}`.
enum AnnotationText {
    static func text(of event: SpanEvent) -> String {
        // A name that would be read as something else is written in the long form too.
        let isPlain = !event.name.utf8.contains { $0 == quote || $0 == brace || $0 == bar }
        if event.attributes.isEmpty, isPlain { return event.name }
        var text: [UInt8] = []
        text.appendJSON(event.name)
        text.append(UInt8(ascii: ":"))
        AttributeJSON.append(.map(event.attributes), to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads that, `{"name": {…}}` as Python's exporter writes it, and `name|{…}|dropped` as the Collector does; anything
    /// else is a name.
    static func event(of text: String, at time: Timestamp) -> SpanEvent {
        switch text.utf8.first {
        case quote:
            if let event = nested("{\(text)}", time) { return event }
        case brace:
            if let event = nested(text, time) { return event }
        default: break
        }
        if let bar = text.utf8.firstIndex(of: bar),
            let (attributes, dropped) = tail(text[text.utf8.index(after: bar)...])
        {
            return SpanEvent(
                name: String(text[..<bar]), time: time, attributes: attributes, droppedAttributes: dropped)
        }
        return SpanEvent(name: text, time: time)
    }

    private static func nested(_ text: String, _ time: Timestamp) -> SpanEvent? {
        var text = text
        guard let object = text.withUTF8(AttributeJSONParser.attributes), object.count == 1, let only = object.first,
            case .map(let attributes) = only.value
        else { return nil }
        return SpanEvent(name: only.key, time: time, attributes: attributes)
    }

    private static let quote = UInt8(ascii: "\"")
    private static let brace = UInt8(ascii: "{")
    private static let bar = UInt8(ascii: "|")
}

/// A link as the text of a tag, in the Collector's form: `trace id|span id|trace state|attributes as JSON|dropped`.
enum LinkText {
    static func text(of link: SpanLink) -> String {
        var text = Array("\(link.context.traceID)|\(link.context.spanID)|\(link.context.traceState.header)|".utf8)
        AttributeJSON.append(link.attributes, to: &text)
        text.append(contentsOf: "|\(link.droppedAttributes)".utf8)
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for what is no such text.
    static func link(of text: String) -> SpanLink? {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "|"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let traceID = TraceID(hex: Substring(parts[0])), traceID.isValid,
            let spanID = SpanID(hex: Substring(parts[1])), spanID.isValid
        else { return nil }
        // A trace state may hold bars and braces itself; what is behind the right one is JSON.
        var rest = Substring(parts[2])
        var state: Substring = ""
        var tries = 0
        while let bar = rest.utf8.firstIndex(of: UInt8(ascii: "|")), tries < 16 {
            state = Substring(parts[2])[..<bar]
            rest = rest[rest.utf8.index(after: bar)...]
            guard rest.utf8.first == UInt8(ascii: "{") else { continue }
            if let (attributes, dropped) = tail(rest) {
                let context = SpanContext(
                    traceID: traceID, spanID: spanID, traceState: TraceState(header: String(state)) ?? TraceState())
                return SpanLink(context: context, attributes: attributes, droppedAttributes: dropped)
            }
            tries += 1
        }
        return nil
    }
}

/// `{…}|number`
private func tail(_ text: Substring) -> (attributes: Attributes, dropped: Int)? {
    guard text.utf8.first == UInt8(ascii: "{"), let bar = text.utf8.lastIndex(of: UInt8(ascii: "|")),
        let dropped = UInt32(text[text.utf8.index(after: bar)...])
    else { return nil }
    var json = String(text[..<bar])
    return json.withUTF8(AttributeJSONParser.attributes).map { ($0, Int(dropped)) }
}
