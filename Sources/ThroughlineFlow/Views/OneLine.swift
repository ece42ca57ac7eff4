/// Text from outside on one line.
package enum OneLine {
    /// No line ends, no control characters that a terminal would obey, nothing that turns the direction of writing.
    package static func of(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: result.append(" ")
            case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: continue
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// The text with at most that many characters; what is left out of the middle shows as `…`. The end weighs more
    /// than the start, because names grow on the left: `com.example.orders.OrderPlaced`.
    package static func shortened(_ text: String, to limit: Int) -> String {
        guard text.count > limit, limit > 3 else { return text }
        let head = (limit - 1) / 3
        return "\(text.prefix(head))…\(text.suffix(limit - 1 - head))"
    }

    /// The text in at most that many columns of a terminal, and never less than four characters of it, shortened in its
    /// middle.
    package static func fitted(_ text: String, columns limit: Int) -> String {
        guard columns(text) > limit else { return text }
        var result = text
        // No character takes less than a column.
        var length = min(text.count, max(limit, 4) + 1)
        while columns(result) > limit, length > 4 {
            length -= 1
            result = shortened(text, to: length)
        }
        return result
    }

    /// How many columns a terminal needs: two for what East Asian width calls wide, and for emoji.
    package static func columns(_ text: String) -> Int {
        text.reduce(0) { columns, character in
            guard let scalar = character.unicodeScalars.first else { return columns }
            let isWide =
                switch scalar.value {
                case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F,
                    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
                    true
                default: false
                }
            return columns + (isWide ? 2 : 1)
        }
    }
}
