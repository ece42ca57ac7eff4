/// Writes JSON into bytes, one value behind the other; commas come by themselves.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    package mutating func key(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A key that is not known before.
    package mutating func key(text name: String) {
        comma()
        bytes.appendJSON(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        comma()
        bytes.appendJSON(text)
        needsComma = true
    }

    /// Text that needs no escaping, such as digits.
    package mutating func plain(_ text: String, quoted: Bool) {
        comma()
        if quoted { bytes.append(UInt8(ascii: "\"")) }
        bytes.append(contentsOf: text.utf8)
        if quoted { bytes.append(UInt8(ascii: "\"")) }
        needsComma = true
    }

    /// Members or elements that are JSON already; nothing for none.
    package mutating func written(_ members: [UInt8]) {
        guard !members.isEmpty else { return }
        comma()
        bytes.append(contentsOf: members)
        needsComma = true
    }

    private mutating func open(_ byte: UInt8) {
        comma()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }
}

extension [UInt8] {
    /// Adds a text in quotation marks, with what JSON cannot hold escaped.
    package mutating func appendJSON(_ text: String) {
        var text = text
        append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            var start = 0
            for index in bytes.indices {
                let byte = bytes[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                append(contentsOf: bytes[start..<index])
                start = index + 1
                switch byte {
                case UInt8(ascii: "\n"): append(contentsOf: "\\n".utf8)
                case UInt8(ascii: "\t"): append(contentsOf: "\\t".utf8)
                case UInt8(ascii: "\r"): append(contentsOf: "\\r".utf8)
                case 0..<0x20:
                    append(contentsOf: "\\u00".utf8)
                    append(Hex.digit(byte >> 4))
                    append(Hex.digit(byte & 0xF))
                default:
                    append(UInt8(ascii: "\\"))
                    append(byte)
                }
            }
            append(contentsOf: bytes[start...])
        }
        append(UInt8(ascii: "\""))
    }
}
