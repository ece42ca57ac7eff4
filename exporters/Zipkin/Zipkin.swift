public import ThroughlineModel

/// Zipkin's format: spans to bytes and back (Zipkin API v2, `application/json`).
///
/// Written as OpenTelemetry maps spans to Zipkin, so that Zipkin and whatever reads it shows what it should. What Zipkin
/// has no field for travels in tags, which ``decode(_:)`` understands: reading what ``encode(_:)`` wrote gives the same
/// spans. docs/zipkin.md has every tag.
public enum Zipkin {
    /// The value of `Content-Type`.
    public static let contentType = "application/json"

    /// Encodes spans as one list. Spans that have not ended are left out, as in OTLP.
    public static func encode(_ records: [SpanRecord]) -> [UInt8] {
        var encoder = ZipkinEncoder()
        for record in records where record.end != nil { encoder.write(record) }
        return encoder.finish()
    }

    /// Decodes a list of spans, a single span, or a list of lists as Zipkin's `/api/v2/traces` answers.
    ///
    /// An element that is no span is left out and told in ``Decoded/problems``; the others are read all the same. A span
    /// that a server shares with its client (`shared`, or one id with the kind of either side) becomes a span of its own
    /// with the client's as its parent. Fields that are not known are left out.
    ///
    /// - Throws: ``ZipkinError`` when the bytes are no JSON, with the place; nothing that they could hold makes it crash
    ///   or take unbounded time or memory.
    public static func decode(_ bytes: [UInt8]) throws(ZipkinError) -> Decoded {
        try ZipkinDecoder.decode(bytes)
    }

    /// What ``decode(_:)`` made of a list.
    public struct Decoded: Hashable, Sendable {
        /// The spans, in the order of the list.
        public var spans: [SpanRecord] = []
        /// What is wrong with the elements that are no spans; the first hundred.
        public var problems: [Problem] = []
        /// How many elements are no spans.
        public var brokenCount = 0
    }

    /// Why an element of a list was left out.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// Which element, from 0.
        public var index: Int
        /// What is wrong with it.
        public var reason: String
        /// At which byte, from 0.
        public var offset: Int

        /// Which element, and what is wrong with it where.
        public var description: String { "element \(index): \(reason) at byte \(offset)" }
    }
}

/// Why bytes are no Zipkin JSON at all.
public struct ZipkinError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// At which byte, from 0.
    public let offset: Int

    init(_ error: JSONError) {
        reason = error.reason
        offset = error.offset
    }

    /// What is wrong and where.
    public var description: String { "\(reason) at byte \(offset)" }
}
