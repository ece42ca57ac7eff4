internal import SQLite
internal import ThroughlineModel

/// A message, correlation or causation id as the store keeps it: 16 bytes when it is a UUID in its canonical
/// lower-case form, which is what Throughline makes, and the text as it is otherwise.
enum MessageKey: Hashable, Sendable {
    case uuid(UInt64, UInt64)
    case text(String)

    init(_ id: String) {
        if let halves = Self.halves(id) {
            self = .uuid(halves.0, halves.1)
        } else {
            self = .text(id)
        }
    }

    /// Reads a column that a key was bound to.
    init(_ statement: Statement, _ column: Int32) {
        if let halves = statement.halves(column) {
            self = .uuid(halves.high, halves.low)
        } else {
            self = .text(statement.text(column))
        }
    }

    /// The id as it was given.
    var id: String {
        switch self {
        case .text(let text):
            return text
        case .uuid(let high, let low):
            return String(unsafeUninitializedCapacity: 36) { buffer in
                var position = 0
                func write(_ half: UInt64, _ digits: ClosedRange<UInt64>) {
                    for digit in digits {
                        let nibble = UInt8(truncatingIfNeeded: half >> (60 - 4 * digit)) & 0xF
                        buffer[position] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
                        position += 1
                    }
                }
                func writeDash() {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                write(high, 0...7)
                writeDash()
                write(high, 8...11)
                writeDash()
                write(high, 12...15)
                writeDash()
                write(low, 0...3)
                writeDash()
                write(low, 4...15)
                return position
            }
        }
    }

    func bind(to statement: Statement, _ index: Int32) throws(SQLiteError) {
        switch self {
        case .uuid(let high, let low): try statement.bind(high, low, index)
        case .text(let text): try statement.bind(text, index)
        }
    }

    private static func halves(_ id: String) -> (UInt64, UInt64)? {
        var id = id
        guard id.utf8.count == 36 else { return nil }
        return id.withUTF8 { bytes in
            var high: UInt64 = 0
            var low: UInt64 = 0
            for index in 0..<36 {
                let byte = bytes[index]
                if index == 8 || index == 13 || index == 18 || index == 23 {
                    guard byte == UInt8(ascii: "-") else { return nil }
                    continue
                }
                let nibble: UInt8
                switch byte {
                case 0x30...0x39: nibble = byte - 0x30
                case 0x61...0x66: nibble = byte - 0x57
                default: return nil
                }
                high = high << 4 | low >> 60
                low = low << 4 | UInt64(nibble)
            }
            return (high, low)
        }
    }
}

/// The texts of the ids that were read last: a message is named by its sender, its handlers, their links, and what it
/// caused, one after another.
struct MessageIDTexts {
    private var texts: [(high: UInt64, low: UInt64, text: String)]
    private static let count: UInt64 = 64

    init() {
        texts = Array(repeating: (0, 0, MessageKey.uuid(0, 0).id), count: Int(Self.count))
    }

    /// The id as it was given.
    mutating func text(of key: MessageKey) -> String {
        guard case .uuid(let high, let low) = key else { return key.id }
        let place = Int((high ^ low) % Self.count)
        let last = texts[place]
        if last.low == low, last.high == high { return last.text }
        let text = key.id
        texts[place] = (high, low, text)
        return text
    }
}
