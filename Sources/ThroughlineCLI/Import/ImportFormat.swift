import ArgumentParser
import ThroughlineModel

/// What a file may hold.
enum ImportFormat: String, ExpressibleByArgument, CaseIterable {
    /// OTLP requests as JSON: one, or one a line.
    case otlpJSON = "otlp-json"
    /// OTLP requests as protobuf.
    case otlpProtobuf = "otlp-protobuf"
    /// Zipkin v2 JSON: a list, or a span or list a line.
    case zipkin

    /// True for the first bytes of a file that is no text. JSON holds no control characters but white space; OTLP has
    /// `0x12` before the spans of every resource.
    static func isBinary(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.prefix(4_096).contains { $0 < 0x20 && ![0x09, 0x0A, 0x0D].contains($0) }
    }

    /// What an object is, by the keys that it has; nil when it is neither.
    static func of(object bytes: UnsafeRawBufferPointer) -> ImportFormat? {
        var format: ImportFormat?
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.object { reader, key throws(JSONError) in
                switch key {
                case "resourceSpans": format = .otlpJSON
                case "traceId": format = .zipkin
                default: return try reader.skip()
                }
                throw reader.error("known")
            }
        } catch {
            // Known, or broken; who reads it will say how.
        }
        return format
    }
}
