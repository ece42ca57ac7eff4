public import ThroughlineModel

/// OpenTelemetry's protocol: spans to bytes and back (opentelemetry-proto v1, `ExportTraceServiceRequest`).
///
/// Straight between `SpanRecord` and bytes, without a tree of objects in between.
public enum OTLP {
    /// What the exporter calls itself in `User-Agent`.
    static let version = "0.1.0"

    /// How bytes are made.
    public enum Encoding: Hashable, Sendable, CaseIterable {
        /// Binary protobuf.
        case protobuf
        /// protobuf's JSON mapping with OTLP's deviations: hexadecimal ids, enumerations as numbers.
        case json

        /// The value of `Content-Type`.
        public var contentType: String {
            switch self {
            case .protobuf: "application/x-protobuf"
            case .json: "application/json"
            }
        }
    }

    /// Encodes spans as one request, grouped by resource and scope in the order in which those first appear. Spans that
    /// have not ended are left out: OTLP has no word for them.
    public static func encode(_ records: [SpanRecord], as encoding: Encoding = .protobuf) -> [UInt8] {
        let groups = SpanGroups(records)
        switch encoding {
        case .protobuf:
            var encoder = ProtobufEncoder(records)
            encoder.write(groups)
            return encoder.finish()
        case .json:
            var encoder = OTLPJSONEncoder()
            encoder.write(groups, records)
            return encoder.bytes
        }
    }

    /// Decodes one request. Fields that are not known are left out, as protobuf demands.
    ///
    /// - Throws: ``OTLPError`` for what is no such request, with the place; nothing that the bytes could hold makes it
    ///   crash or take unbounded time or memory.
    public static func decode(_ bytes: [UInt8], as encoding: Encoding = .protobuf) throws(OTLPError) -> [SpanRecord] {
        let request = try decodeRequest(bytes, as: encoding)
        if let rejection = request.rejections.first { throw rejection }
        return request.spans
    }

    /// Decodes one request and leaves out the spans in it that cannot be told apart, for want of valid ids.
    package static func decodeRequest(_ bytes: [UInt8], as encoding: Encoding) throws(OTLPError) -> OTLPRequest {
        switch encoding {
        case .protobuf: try ProtobufDecoder.request(bytes)
        case .json: try OTLPJSONDecoder.request(bytes)
        }
    }
}

/// What a request holds.
package struct OTLPRequest: Sendable {
    /// The spans that are valid.
    package var spans: [SpanRecord] = []
    /// How many are not, and what is wrong with the first.
    package internal(set) var rejections = Rejections()

    package struct Rejections: Sendable {
        package internal(set) var count = 0
        package internal(set) var first: OTLPError?
    }

    /// Makes room for more spans, for at least as many again as there are, so that many small groups cost no more copies.
    mutating func reserve(_ count: Int) {
        let needed = spans.count + count
        if needed > spans.capacity { spans.reserveCapacity(max(needed, 2 * spans.count)) }
    }

    /// Takes a span that was read at an offset, or rejects it.
    @inline(__always)
    mutating func append(_ span: consuming SpanRecord, readAt offset: Int) {
        if span.traceID.isValid, span.spanID.isValid { return spans.append(consume span) }
        rejections.count += 1
        if rejections.first == nil {
            rejections.first = OTLPError(reason: "a span has no valid trace id and span id", offset: offset)
        }
    }
}

/// Why bytes are no OTLP.
public struct OTLPError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// At which byte, from 0.
    public let offset: Int

    init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    init(_ error: JSONError) {
        self.init(reason: error.reason, offset: error.offset)
    }

    /// What is wrong and where.
    public var description: String { "\(reason) at byte \(offset)" }
}

/// How deep values may be nested in each other, arrays and maps; deeper ones are an error.
let maximumValueDepth = 64
