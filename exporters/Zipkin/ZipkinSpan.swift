import ThroughlineModel

/// One element of a list, as it stands there.
struct ZipkinSpan {
    var traceID = TraceID(high: 0, low: 0)
    var id = SpanID(0)
    var parentID: SpanID?
    /// Nil for a local span, and for a kind that nobody knows.
    var kind: SpanKind?
    var name = ""
    /// Microseconds since the epoch; nil when it is not known.
    var timestamp: UInt64?
    /// Microseconds; nil when it is not known.
    var duration: UInt64?
    var isDebug = false
    var isShared = false
    var local = Endpoint()
    var remote = Endpoint()
    var annotations: [(timestamp: UInt64?, value: String)] = []
    var tags: [(key: String, text: String)] = []

    /// - Throws: when the element is no span that can be placed in a trace.
    init(_ reader: inout JSONReader) throws(JSONError) {
        let start = reader
        guard reader.peek() == UInt8(ascii: "{") else { throw reader.error("a span must be an object") }
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "traceId": traceID = try Self.traceID(&reader)
            case "id": id = try Self.spanID(&reader, "span id") ?? SpanID(0)
            case "parentId": parentID = try Self.spanID(&reader, "parent id")
            case "kind": kind = Self.kind(try Self.text(&reader))
            case "name": name = try Self.text(&reader)
            case "timestamp": timestamp = try Self.microseconds(&reader, "timestamp")
            case "duration": duration = try Self.microseconds(&reader, "duration")
            case "debug": isDebug = try Self.flag(&reader)
            case "shared": isShared = try Self.flag(&reader)
            case "localEndpoint": local = try Endpoint(&reader)
            case "remoteEndpoint": remote = try Endpoint(&reader)
            case "annotations":
                try reader.array { reader throws(JSONError) in annotations.append(try Self.annotation(&reader)) }
            case "tags": try tags(&reader)
            default: try reader.skip()
            }
        }
        guard traceID.isValid else { throw start.error("a span has no valid trace id") }
        guard id.isValid else { throw start.error("a span has no valid span id") }
        if parentID == id { parentID = nil }
    }

    private mutating func tags(_ reader: inout JSONReader) throws(JSONError) {
        try reader.object { reader, key throws(JSONError) in
            if try reader.null() { return }
            tags.append((key, try Self.scalar(&reader)))
        }
    }

    private static func annotation(
        _ reader: inout JSONReader
    ) throws(JSONError) -> (timestamp: UInt64?, value: String) {
        var timestamp: UInt64?
        var value = ""
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "timestamp": timestamp = try microseconds(&reader, "annotation's timestamp")
            case "value": value = try text(&reader)
            default: try reader.skip()
            }
        }
        return (timestamp, value)
    }

    /// 1 to 32 hexadecimal digits of either case: 64-bit ids are those with a left half of zero.
    private static func traceID(_ reader: inout JSONReader) throws(JSONError) -> TraceID {
        let text = try text(&reader)
        guard (1...32).contains(text.utf8.count), let halves = Hex.halves(of: text.utf8) else {
            throw reader.error("'\(text.prefix(40))' is no trace id")
        }
        return TraceID(high: halves.high, low: halves.low)
    }

    /// Nil for none and for zero, which means the same.
    private static func spanID(_ reader: inout JSONReader, _ what: String) throws(JSONError) -> SpanID? {
        let text = try text(&reader)
        if text.isEmpty { return nil }
        guard text.utf8.count <= 16, let value = Hex.value(of: text.utf8) else {
            throw reader.error("'\(text.prefix(40))' is no \(what)")
        }
        return value == 0 ? nil : SpanID(value)
    }

    private static func kind(_ word: String) -> SpanKind? {
        switch word.uppercased() {
        case "SERVER": .server
        case "CLIENT": .client
        case "PRODUCER": .producer
        case "CONSUMER": .consumer
        default: nil
        }
    }

    /// Nil for zero, which Zipkin reads as "not known". Fractions of a microsecond are cut.
    private static func microseconds(_ reader: inout JSONReader, _ what: String) throws(JSONError) -> UInt64? {
        if try reader.null() { return nil }
        let text = try reader.numberText()
        let number = UInt64(text) ?? Double(text).flatMap { UInt64(exactly: $0.rounded(.towardZero)) }
        guard let number, number <= UInt64.max / 1_000 else {
            throw reader.error("'\(text.prefix(40))' is no \(what) in microseconds")
        }
        return number == 0 ? nil : number
    }

    private static func text(_ reader: inout JSONReader) throws(JSONError) -> String {
        try reader.null() ? "" : try reader.string()
    }

    /// A truth value, or one in quotation marks.
    private static func flag(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        if try reader.null() { return false }
        if reader.peek() == UInt8(ascii: "\"") { return try reader.string() == "true" }
        return try reader.bool()
    }

    /// The text of a tag; what is no text, against the format, is taken as it is written.
    private static func scalar(_ reader: inout JSONReader) throws(JSONError) -> String {
        switch reader.peek() {
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return try reader.bool() ? "true" : "false"
        case UInt8(ascii: "{"), UInt8(ascii: "["): return try reader.written()
        default: return try reader.numberText()
        }
    }
}

extension Endpoint {
    /// Reads an endpoint; a port that is none is left out.
    fileprivate init(_ reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "serviceName" where try !reader.null(): serviceName = try reader.string()
            case "ipv4" where try !reader.null(): ipv4 = try reader.string()
            case "ipv6" where try !reader.null(): ipv6 = try reader.string()
            case "port" where try !reader.null(): port = UInt16(try reader.numberText()) ?? 0
            case "serviceName", "ipv4", "ipv6", "port": break
            default: try reader.skip()
            }
        }
    }
}
