internal import ThroughlineModel

/// Attributes as JSON that loses nothing.
///
/// Strings, truth values, whole numbers, finite numbers (always with a point or an exponent, which tells them from
/// whole ones), arrays and maps are plain JSON. What JSON cannot say is an object with one key that begins with `$`:
/// `{"$double":"nan"}` (or `inf`, `-inf`) and `{"$bytes":"<base64>"}`. A map that has one key only, which begins with
/// `$`, is written with one more `$` in front. The outermost object is never read as a tag.
enum AttributeJSON {
    /// Values nested deeper than this are stored as an empty map, so that reading never needs a deep stack.
    static let maximumDepth = 128

    static func append(_ attributes: Attributes, to json: inout [UInt8], depth: Int = 0) {
        json.append(UInt8(ascii: "{"))
        var isFirst = true
        for element in attributes {
            appendMember(element.key, element.value, to: &json, isFirst: &isFirst, depth: depth)
        }
        json.append(UInt8(ascii: "}"))
    }

    static func appendMember(
        _ key: String, _ value: AttributeValue, to json: inout [UInt8], isFirst: inout Bool, depth: Int = 0
    ) {
        if !isFirst { json.append(UInt8(ascii: ",")) }
        isFirst = false
        append(key, to: &json)
        json.append(UInt8(ascii: ":"))
        append(value, to: &json, depth: depth + 1)
    }

    static func append(_ value: AttributeValue, to json: inout [UInt8], depth: Int = 0) {
        switch value {
        case .string(let text): append(text, to: &json)
        case .bool(let truth): json.append(contentsOf: truth ? "true".utf8 : "false".utf8)
        case .int(let number): json.append(contentsOf: String(number).utf8)
        case .double(let number): append(number, to: &json)
        case .bytes(let bytes):
            json.append(contentsOf: #"{"$bytes":""#.utf8)
            Base64.append(bytes, to: &json)
            json.append(contentsOf: #""}"#.utf8)
        case .array(let values):
            guard depth < maximumDepth else { return json.append(contentsOf: "{}".utf8) }
            json.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                append(value, to: &json, depth: depth + 1)
            }
            json.append(UInt8(ascii: "]"))
        case .map(let map):
            guard depth < maximumDepth else { return json.append(contentsOf: "{}".utf8) }
            guard map.count == 1, let only = map.first, only.key.utf8.first == UInt8(ascii: "$") else {
                return append(map, to: &json, depth: depth)
            }
            append(Attributes(uniqueElements: [.init(key: "$" + only.key, value: only.value)]), to: &json, depth: depth)
        }
    }

    static func append(_ number: Double, to json: inout [UInt8]) {
        if number.isFinite {
            json.append(contentsOf: number.description.utf8)
        } else {
            json.append(contentsOf: #"{"$double":""#.utf8)
            json.append(contentsOf: (number.isNaN ? "nan" : number < 0 ? "-inf" : "inf").utf8)
            json.append(contentsOf: #""}"#.utf8)
        }
    }

    static func append(_ text: String, to json: inout [UInt8]) {
        var text = text
        json.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            var start = 0
            for index in bytes.indices {
                let byte = bytes[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                json.append(contentsOf: bytes[start..<index])
                start = index + 1
                switch byte {
                case UInt8(ascii: "\n"): json.append(contentsOf: "\\n".utf8)
                case UInt8(ascii: "\t"): json.append(contentsOf: "\\t".utf8)
                case UInt8(ascii: "\r"): json.append(contentsOf: "\\r".utf8)
                case 0..<0x20:
                    json.append(contentsOf: "\\u00".utf8)
                    json.append(Hex.digit(byte >> 4))
                    json.append(Hex.digit(byte & 0xF))
                default:
                    json.append(UInt8(ascii: "\\"))
                    json.append(byte)
                }
            }
            json.append(contentsOf: bytes[start...])
        }
        json.append(UInt8(ascii: "\""))
    }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            text.append(alphabet[Int(group >> 18)])
            text.append(alphabet[Int(group >> 12 & 63)])
            text.append(left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            text.append(left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
            index += 3
        }
    }

    /// Nil for anything that ``append(_:to:)`` does not write.
    static func bytes(of text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text.utf8 {
            let value: UInt8
            switch character {
            case 0x41...0x5A: value = character - 0x41
            case 0x61...0x7A: value = character - 0x47
            case 0x30...0x39: value = character + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="):
                value = 0
                padding += 1
            default: return nil
            }
            if padding > 0, character != UInt8(ascii: "=") { return nil }
            group = group << 6 | UInt32(value)
            digits += 1
            if digits % 4 == 0 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
                group = 0
            }
        }
        guard digits % 4 == 0, padding <= 2 else { return nil }
        bytes.removeLast(padding)
        return bytes
    }
}
