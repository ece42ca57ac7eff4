/// The FNV-1a hash with 64 bits: the same in every process, language and version, unlike Swift's own.
package struct FNV1a {
    /// The hash of the bytes so far.
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    /// The hash of a text's UTF-8 bytes.
    package init(_ text: String) {
        add(text)
    }

    package mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    package mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
    }
}
