import ThroughlineModel

/// `ExportTraceServiceResponse`: what a collector has made of a request that it accepted.
public struct OTLPResponse: Hashable, Sendable {
    /// How many spans it has rejected; they must not be sent again.
    public var rejectedSpans: Int64
    /// Why, or a warning when nothing was rejected.
    public var message: String

    /// A response; the defaults mean that all is well.
    public init(rejectedSpans: Int64 = 0, message: String = "") {
        self.rejectedSpans = rejectedSpans
        self.message = message
    }

    /// Reads a response.
    ///
    /// - Throws: ``OTLPError`` for what is none.
    public init(_ bytes: [UInt8], as encoding: OTLP.Encoding) throws(OTLPError) {
        self.init()
        let outcome = bytes.withUnsafeBytes { buffer -> Result<OTLPResponse, OTLPError> in
            do throws(OTLPError) {
                return .success(
                    encoding == .protobuf
                        ? try Self.protobuf(ProtobufReader(buffer)) : try Self.json(JSONReader(buffer)))
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
    }

    /// The response as bytes.
    public func encoded(as encoding: OTLP.Encoding) -> [UInt8] {
        let isWell = rejectedSpans == 0 && message.isEmpty
        switch encoding {
        case .protobuf:
            if isWell { return [] }
            var writer = ReverseWriter(capacity: 64 + message.utf8.count)
            writer.string(message)
            writer.byte(0x12)
            writer.varint(UInt64(bitPattern: rejectedSpans))
            writer.byte(0x08)
            writer.length(since: 0)
            writer.byte(0x0A)
            return writer.bytes()
        case .json:
            var writer = JSONWriter()
            writer.beginObject()
            if !isWell {
                writer.key("partialSuccess")
                writer.beginObject()
                writer.key("rejectedSpans")
                writer.plain("\(rejectedSpans)", quoted: true)
                writer.key("errorMessage")
                writer.string(message)
                writer.endObject()
            }
            writer.endObject()
            return writer.bytes
        }
    }

    private static func protobuf(_ reader: ProtobufReader) throws(OTLPError) -> OTLPResponse {
        var response = OTLPResponse()
        var reader = reader
        while !reader.isAtEnd {
            let tag = try reader.varint()
            guard tag == 0x0A else {
                try reader.skip(tag)
                continue
            }
            var inner = try reader.message()
            while !inner.isAtEnd {
                let tag = try inner.varint()
                switch tag {
                case 0x08: response.rejectedSpans = Int64(bitPattern: try inner.varint())
                case 0x12: response.message = try inner.text()
                default: try inner.skip(tag)
                }
            }
        }
        return response
    }

    private static func json(_ reader: JSONReader) throws(OTLPError) -> OTLPResponse {
        do throws(JSONError) { return try partialSuccess(reader) } catch { throw OTLPError(error) }
    }

    private static func partialSuccess(_ reader: JSONReader) throws(JSONError) -> OTLPResponse {
        var response = OTLPResponse()
        var reader = reader
        try reader.object { reader, key throws(JSONError) in
            guard key == "partialSuccess" else { return try reader.skip() }
            try reader.object { reader, key throws(JSONError) in
                switch key {
                case "rejectedSpans": response.rejectedSpans = try reader.signed()
                case "errorMessage": response.message = try reader.null() ? "" : try reader.string()
                default: try reader.skip()
                }
            }
        }
        return response
    }
}

/// `google.rpc.Status`: why a collector has refused a request. OTLP uses its message alone.
public struct OTLPStatus: Hashable, Sendable {
    /// Why, for people.
    public var message: String

    /// A status with a message.
    public init(message: String) {
        self.message = message
    }

    /// Reads what can be read: a server that has failed may answer with anything, so that text which is no status is the
    /// message itself, cut to 200 characters.
    public init(reading bytes: [UInt8], as encoding: OTLP.Encoding) {
        let found = bytes.withUnsafeBytes { buffer -> String? in
            encoding == .protobuf ? try? Self.protobuf(ProtobufReader(buffer)) : try? Self.json(JSONReader(buffer))
        }
        message = String((found ?? String(decoding: bytes.prefix(800), as: UTF8.self)).prefix(200))
    }

    /// The status as bytes.
    public func encoded(as encoding: OTLP.Encoding) -> [UInt8] {
        switch encoding {
        case .protobuf:
            var writer = ReverseWriter(capacity: 16 + message.utf8.count)
            writer.string(message)
            writer.byte(0x12)
            return writer.bytes()
        case .json:
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("message")
            writer.string(message)
            writer.endObject()
            return writer.bytes
        }
    }

    private static func protobuf(_ reader: ProtobufReader) throws(OTLPError) -> String? {
        var message: String?
        var reader = reader
        while !reader.isAtEnd {
            let tag = try reader.varint()
            if tag == 0x12 {
                message = String(validating: try reader.slice(), as: UTF8.self)
            } else {
                try reader.skip(tag)
            }
        }
        return message
    }

    private static func json(_ reader: JSONReader) throws(JSONError) -> String? {
        var message: String?
        var reader = reader
        try reader.object { reader, key throws(JSONError) in
            if key == "message" { message = try reader.string() } else { try reader.skip() }
        }
        return message
    }
}
