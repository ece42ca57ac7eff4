import ThroughlineModel

/// Makes text safe as a header's value on every broker, and reads it back.
enum HeaderText {
    /// Visible ASCII, what is not replaced by `?`, cut at the length of an id. For what is only read by people.
    static func visible(_ text: String) -> String {
        if text.utf8.count <= PlainHeaders.maximumIDLength, isASCII(text, from: 0x21) { return text }
        let bytes = text.utf8.prefix(PlainHeaders.maximumIDLength)
        return String(decoding: bytes.map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Visible ASCII that ``decoded(_:)`` gives back unchanged: other bytes, and `%`, become `%` and two digits. For names
    /// that somebody acts on, such as a destination.
    static func encoded(_ text: String) -> String {
        func isPlain(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%") }
        if text.utf8.allSatisfy(isPlain) { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), Hex.digit(byte >> 4), Hex.digit(byte & 0xF)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What was encoded; nil for what is empty, too long, or no UTF-8 behind the `%`.
    static func decoded(_ text: String) -> String? {
        guard !text.isEmpty, text.utf8.count <= 4_096 else { return nil }
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = Hex.value(of: rest.prefix(2)) {
                bytes.append(UInt8(truncatingIfNeeded: value))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A count that another process wrote: nothing that could overflow when something is added to it.
    static func count(_ text: String?) -> Int? {
        guard let number = text.flatMap({ Int($0) }), (0...1_000_000_000).contains(number) else { return nil }
        return number
    }

    /// True for what may stand in a header that a propagator writes: visible ASCII and spaces, within a bound.
    static func isCarried(_ value: String) -> Bool {
        value.utf8.count <= 16_384 && isASCII(value, from: 0x20)
    }

    /// True when no byte is outside of `lowest` to `~`. Every message's ids go through it, so it looks at all bytes
    /// without a branch for each.
    static func isASCII(_ text: String, from lowest: UInt8) -> Bool {
        let span: UInt8 = 0x7E - lowest
        let found = text.utf8.withContiguousStorageIfAvailable { bytes in
            var outside: UInt8 = 0
            for byte in bytes { outside |= byte &- lowest > span ? 1 : 0 }
            return outside == 0
        }
        return found ?? text.utf8.allSatisfy { (lowest...0x7E).contains($0) }
    }
}
