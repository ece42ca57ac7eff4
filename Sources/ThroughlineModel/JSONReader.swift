/// Reads JSON (RFC 8259) from bytes that somebody else owns while it reads: the caller asks for what it expects and
/// skips the rest. Depth is bounded; nothing is kept but what the caller takes.
package struct JSONReader {
    private static let maximumDepth = 256

    private let bytes: UnsafeRawBufferPointer
    package private(set) var position = 0
    private var depth = 0

    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    package func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position) }

    /// The first byte of the next value; nil at the end.
    @inline(__always)
    package mutating func peek() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position &+= 1
        }
        return nil
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte else {
            throw error("expected '\(Character(UnicodeScalar(byte)))'")
        }
        position += 1
    }

    /// Reads an object; `member` must take or skip the value of every key. A null in its place is an empty object.
    package mutating func object(_ member: (inout JSONReader, String) throws(JSONError) -> Void) throws(JSONError) {
        if try null() { return }
        try expect(UInt8(ascii: "{"))
        try descend()
        defer { depth -= 1 }
        if peek() == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try member(&self, key)
            guard try goesOn(UInt8(ascii: "}")) else { return }
        }
    }

    /// Reads an array; `element` must take or skip each value. A null in its place is an empty array.
    package mutating func array(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        if try null() { return }
        try expect(UInt8(ascii: "["))
        try descend()
        defer { depth -= 1 }
        if peek() == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            try element(&self)
            guard try goesOn(UInt8(ascii: "]")) else { return }
        }
    }

    private mutating func goesOn(_ end: UInt8) throws(JSONError) -> Bool {
        switch peek() {
        case UInt8(ascii: ","):
            position += 1
            return true
        case end:
            position += 1
            return false
        default:
            throw error("expected ',' or '\(Character(UnicodeScalar(end)))'")
        }
    }

    private mutating func descend() throws(JSONError) {
        depth += 1
        if depth > Self.maximumDepth { throw error("values are nested too deep") }
    }

    /// Takes a null when there is one.
    package mutating func null() throws(JSONError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try word("null")
        return true
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        let isThere = word.withUTF8Buffer { expected in
            bytes.count - position >= expected.count
                && UnsafeRawBufferPointer(rebasing: bytes[position..<position + expected.count]).elementsEqual(expected)
        }
        guard isThere else { throw error("this is no JSON value") }
        position += word.utf8CodeUnitCount
    }

    /// Reads a string.
    package mutating func string() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = position
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                position = end &+ 1
                return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            end &+= 1
        }
        position = end
        if end < bytes.count {
            if bytes[end] == UInt8(ascii: "\\") { return try escaped(from: start) }
            throw error("a control character stands in a string")
        }
        throw error("the bytes end in the middle of a string")
    }

    private mutating func escaped(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case ..<0x20: throw error("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw error("the bytes end in the middle of a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw error("the bytes end in the middle of a string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try codeUnit()
            if (0xD800...0xDBFF).contains(value), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                let before = position
                position += 2
                let low = try codeUnit()
                if (0xDC00...0xDFFF).contains(low) {
                    value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    position = before
                }
            }
            // Half of a pair stands for nothing.
            let scalar = UnicodeScalar(value) ?? "\u{FFFD}"
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw error("a string has an escape that JSON does not know")
        }
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw error("the bytes end in the middle of a string") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let nibble = Self.nibble(bytes[position]) else { throw error("'\\u' needs four hexadecimal digits") }
            value = value << 4 | UInt32(nibble)
            position += 1
        }
        return value
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// The text of a number, or of a string that holds one, as protobuf's JSON mapping allows.
    package mutating func numberText() throws(JSONError) -> String {
        if peek() == UInt8(ascii: "\"") { return try string() }
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                position += 1
                continue
            default: break
            }
            break
        }
        guard position > start, position - start <= 400 else { throw error("expected a number") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    package mutating func unsigned() throws(JSONError) -> UInt64 {
        let text = try numberText()
        if let value = UInt64(text) { return value }
        if let value = Double(text).flatMap({ UInt64(exactly: $0) }) { return value }
        throw error("'\(text.prefix(40))' is no whole number without a sign")
    }

    package mutating func signed() throws(JSONError) -> Int64 {
        let text = try numberText()
        if let value = Int64(text) { return value }
        if let value = Double(text).flatMap({ Int64(exactly: $0) }) { return value }
        throw error("'\(text.prefix(40))' is no whole number")
    }

    package mutating func double() throws(JSONError) -> Double {
        let text = try numberText()
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: break
        }
        guard let value = Double(text) else { throw error("'\(text.prefix(40))' is no number") }
        return value
    }

    package mutating func bool() throws(JSONError) -> Bool {
        switch peek() {
        case UInt8(ascii: "t"):
            try word("true")
            return true
        case UInt8(ascii: "f"):
            try word("false")
            return false
        default: throw error("expected true or false")
        }
    }

    /// Reads a value of any kind and forgets it.
    package mutating func skip() throws(JSONError) {
        switch peek() {
        case UInt8(ascii: "{"): try object { reader, _ throws(JSONError) in try reader.skip() }
        case UInt8(ascii: "["): try array { reader throws(JSONError) in try reader.skip() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): _ = try null()
        case nil: throw error("the bytes end where a value should stand")
        default: _ = try numberText()
        }
    }

    /// A value of any kind as the text that it is written as.
    package mutating func written() throws(JSONError) -> String {
        _ = peek()
        let start = position
        try skip()
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// - Throws: when anything but white space is left.
    package mutating func end() throws(JSONError) {
        if peek() != nil { throw error("something stands behind the end") }
    }
}

/// Why bytes are no JSON, or not the JSON that was expected.
package struct JSONError: Error, Hashable {
    /// What is wrong.
    package let reason: String
    /// At which byte, from 0.
    package let offset: Int
}
