/// Hexadecimal digits without Foundation: one pass, one allocation for a string, none for a value.
package enum Hex {
    package static func value(of digits: some Sequence<UInt8>) -> UInt64? {
        halves(of: digits)?.low
    }

    /// The value of up to 32 digits; of more, that of the last 32.
    package static func halves(of digits: some Sequence<UInt8>) -> (high: UInt64, low: UInt64)? {
        // Nearly all digits are a string's, which lie side by side: asked for at once, and not one by one from outside
        // the module.
        digits.withContiguousStorageIfAvailable { read($0) } ?? read(digits)
    }

    @inline(__always)
    private static func read(_ digits: some Sequence<UInt8>) -> (high: UInt64, low: UInt64)? {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for digit in digits {
            guard let nibble = nibble(digit) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(nibble)
        }
        return (high, low)
    }

    package static func string(_ value: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            write(value, to: buffer, at: 0)
            return 16
        }
    }

    package static func string(_ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            write(high, to: buffer, at: 0)
            write(low, to: buffer, at: 16)
            return 32
        }
    }

    /// Writes 16 digits; the buffer has room for them from `offset` on, which every caller above asks for.
    package static func write(_ value: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        var rest = value
        var index = offset + 15
        while index >= offset {
            buffer[index] = digit(UInt8(truncatingIfNeeded: rest & 0xF))
            rest >>= 4
            index -= 1
        }
    }

    package static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }

    package static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        case 0x41...0x46: digit - 0x37
        default: nil
        }
    }
}
