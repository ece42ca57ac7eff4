/// Reads what ``AttributeJSON`` writes, and any other JSON without `null`, which no attribute can hold.
///
/// Nil stands for text that is no such JSON: the bytes come from a file that anybody may have written to.
package struct AttributeJSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The outermost object as attributes.
    package static func attributes(of bytes: UnsafeBufferPointer<UInt8>) -> Attributes? {
        var parser = AttributeJSONParser(bytes)
        guard let attributes = parser.object(depth: 0), parser.isAtEnd() else { return nil }
        return attributes
    }

    /// Any value.
    package static func value(of bytes: UnsafeBufferPointer<UInt8>) -> AttributeValue? {
        var parser = AttributeJSONParser(bytes)
        guard let value = parser.value(depth: 0), parser.isAtEnd() else { return nil }
        return value
    }

    private mutating func value(depth: Int) -> AttributeValue? {
        guard depth <= AttributeJSON.maximumDepth + 1, let byte = peek() else { return nil }
        switch byte {
        case UInt8(ascii: "\""): return string().map(AttributeValue.string)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "{"): return object(depth: depth).flatMap(untagged)
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        default: return number()
        }
    }

    private func untagged(_ map: Attributes) -> AttributeValue? {
        guard map.count == 1, let only = map.first, only.key.utf8.first == UInt8(ascii: "$") else { return .map(map) }
        // By bytes: as characters, a `$` with an accent behind it is another character.
        if only.key.utf8.starts(with: "$$".utf8) {
            let key = String(Substring(only.key.utf8.dropFirst()))
            return .map(Attributes(uniqueElements: [.init(key: key, value: only.value)]))
        }
        switch (only.key, only.value) {
        case ("$bytes", .string(let text)): return Base64.decode(text).map(AttributeValue.bytes)
        case ("$double", .string("nan")): return .double(.nan)
        case ("$double", .string("inf")): return .double(.infinity)
        case ("$double", .string("-inf")): return .double(-.infinity)
        default: return nil
        }
    }

    private mutating func array(depth: Int) -> AttributeValue? {
        position += 1
        var values: [AttributeValue] = []
        if take("]") { return .array(values) }
        while true {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
            if take("]") { return .array(values) }
            guard take(",") else { return nil }
        }
    }

    private mutating func object(depth: Int) -> Attributes? {
        guard take("{") else { return nil }
        var elements: [Attributes.Element] = []
        if take("}") { return Attributes() }
        repeat {
            guard peek() == UInt8(ascii: "\""), let key = string(), take(":"), let value = value(depth: depth + 1)
            else { return nil }
            elements.append(Attributes.Element(key: key, value: value))
        } while take(",")
        return take("}") ? Attributes(uniqueElements: elements) : nil
    }

    private mutating func string() -> String? {
        position += 1
        var start = position
        var text: [UInt8]?
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let last = UnsafeBufferPointer(rebasing: bytes[start..<position])
                position += 1
                guard var text else { return String(decoding: last, as: UTF8.self) }
                text.append(contentsOf: last)
                return String(decoding: text, as: UTF8.self)
            }
            guard byte == UInt8(ascii: "\\") else {
                position += 1
                continue
            }
            text = (text ?? []) + bytes[start..<position]
            guard let scalar = escape() else { return nil }
            text?.append(contentsOf: String(Character(scalar)).utf8)
            start = position
        }
        return nil
    }

    /// The character of an escape sequence; moves behind it.
    private mutating func escape() -> Unicode.Scalar? {
        guard position + 1 < bytes.count else { return nil }
        let letter = bytes[position + 1]
        position += 2
        switch letter {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "u"):
            guard let first = fourDigits() else { return nil }
            guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
            guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { return nil }
            position += 2
            guard let second = fourDigits(), (0xDC00..<0xE000).contains(second) else { return nil }
            return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        default: return nil
        }
    }

    private mutating func fourDigits() -> UInt32? {
        guard position + 4 <= bytes.count, let value = Hex.value(of: bytes[position..<position + 4]) else { return nil }
        position += 4
        return UInt32(value)
    }

    private mutating func number() -> AttributeValue? {
        let start = position
        var isWhole = true
        scan: while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
            default: break scan
            }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let number = Int64(text) { return .int(number) }
        return Double(text).map(AttributeValue.double)
    }

    /// The next byte that is no white space.
    private mutating func peek() -> UInt8? {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        return position < bytes.count ? bytes[position] : nil
    }

    private mutating func take(_ token: StaticString) -> Bool {
        _ = peek()
        let count = token.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for offset in 0..<count where bytes[position + offset] != token.utf8Start[offset] { return false }
        position += count
        return true
    }

    private mutating func isAtEnd() -> Bool { peek() == nil }
}
