import ThroughlineModel

/// What a JSON payload looks like, never what it says: a hash over its paths and the kinds of values at them.
///
/// The same for payloads of the same shape, whatever the order of their members; another as soon as a field comes, goes
/// or changes its kind. That makes drift of a schema visible without recording a payload.
public enum PayloadFingerprint {
    /// Takes the fingerprint of a payload.
    ///
    /// - Parameters:
    ///   - json: The payload.
    ///   - limit: How many bytes are looked at, at most; a longer payload has no fingerprint.
    /// - Returns: 16 hexadecimal digits; nil for what is no JSON, or too long.
    public static func of(json: [UInt8], limit: Int = 64 * 1_024) -> String? {
        guard json.count <= limit else { return nil }
        return json.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var paths: Set<String> = []
            do throws(JSONError) {
                try walk(&reader, "", 0, &paths)
                try reader.end()
            } catch {
                return nil
            }
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for path in paths.sorted() {
                for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
                hash = (hash ^ 0x0A) &* 0x100_0000_01b3
            }
            return Hex.string(hash)
        }
    }

    private static let maximumDepth = 32
    private static let maximumPaths = 4_096

    private static func walk(
        _ reader: inout JSONReader, _ path: String, _ depth: Int, _ paths: inout Set<String>
    ) throws(JSONError) {
        let next = reader.peek()
        if depth > maximumDepth || paths.count > maximumPaths { throw reader.error("the payload is too large") }
        switch next {
        case UInt8(ascii: "{"):
            paths.insert(path + ":object")
            try reader.object { reader, key throws(JSONError) in try walk(&reader, path + "/" + key, depth + 1, &paths)
            }
        case UInt8(ascii: "["):
            paths.insert(path + ":array")
            // The elements of an array are one: how many there are is a value, not a shape.
            try reader.array { reader throws(JSONError) in try walk(&reader, path + "/[]", depth + 1, &paths) }
        default:
            paths.insert(path + ":" + kind(next))
            try reader.skip()
        }
    }

    private static func kind(_ first: UInt8?) -> String {
        switch first {
        case UInt8(ascii: "\""): "string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "boolean"
        case UInt8(ascii: "n"): "null"
        default: "number"
        }
    }
}
