import ThroughlineModel

/// What a JSON payload looks like, never what it says: a hash over its paths and the kinds of values at them.
///
/// The same for payloads of the same shape, whatever the order of their members; another as soon as a field comes, goes
/// or changes its kind. That makes drift of a schema visible without recording a payload.
public enum PayloadFingerprint {
    /// Takes the fingerprint of a payload. The work grows with its length and with nothing else.
    ///
    /// - Parameters:
    ///   - json: The payload.
    ///   - limit: How many bytes are looked at, at most; a longer payload has no fingerprint.
    /// - Returns: 16 hexadecimal digits; nil for what is no JSON, too long, nested deeper than 32 levels, or of more than
    ///   4,096 different paths.
    public static func of(json: [UInt8], limit: Int = 64 * 1_024) -> String? {
        guard json.count <= limit else { return nil }
        return json.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var shape = Shape()
            do throws(JSONError) {
                try shape.walk(&reader, at: Hash(), depth: 0)
                try reader.end()
            } catch {
                return nil
            }
            return Hex.string(shape.hash.value)
        }
    }

    /// FNV-1a, 64 bits.
    private struct Hash {
        private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

        func adding(_ byte: UInt8) -> Hash {
            var next = self
            next.add(byte)
            return next
        }

        /// No byte of UTF-8 is 0xFF, so where one key ends and the next begins cannot be mistaken.
        func adding(_ key: String) -> Hash {
            var next = self
            for byte in key.utf8 { next.add(byte) }
            next.add(0xFF)
            return next
        }

        mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    /// The hash of every path with the kind of what stands there; a path is known by its hash alone.
    private struct Shape {
        private static let maximumDepth = 32
        private static let maximumPaths = 4_096
        private var paths: Set<UInt64> = []

        var hash: Hash {
            var hash = Hash()
            for path in paths.sorted() {
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    hash.add(UInt8(truncatingIfNeeded: path >> shift))
                }
            }
            return hash
        }

        mutating func walk(_ reader: inout JSONReader, at path: Hash, depth: Int) throws(JSONError) {
            let kind = kind(reader.peek())
            paths.insert(path.adding(kind).value)
            if depth > Self.maximumDepth || paths.count > Self.maximumPaths {
                throw reader.error("the payload is too large")
            }
            switch kind {
            case UInt8(ascii: "{"):
                try reader.object { reader, key throws(JSONError) in
                    try walk(&reader, at: path.adding(key), depth: depth + 1)
                }
            case UInt8(ascii: "["):
                // The elements of an array are one: how many there are is a value, not a shape.
                let element = path.adding(0xFE)
                try reader.array { reader throws(JSONError) in try walk(&reader, at: element, depth: depth + 1) }
            default:
                try reader.skip()
            }
        }

        /// The first byte of a value tells its kind; true and false are of one, and so are all numbers.
        private func kind(_ first: UInt8?) -> UInt8 {
            switch first {
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "n"): first ?? 0
            case UInt8(ascii: "t"), UInt8(ascii: "f"): UInt8(ascii: "t")
            default: UInt8(ascii: "0")
            }
        }
    }
}
