/// What words of a fixed list mean, found without comparing a word with all of them.
struct WordTable<Meaning: Sendable>: Sendable {
    private let words: [String]
    private let meanings: [Meaning]
    /// Positions in ``words``, -1 where there is none; a power of two of them, four times as many as words at least.
    private let slots: [Int16]

    /// - Parameter pairs: each word once.
    init(_ pairs: [(word: String, meaning: Meaning)]) {
        var size = 8
        while size < 4 * pairs.count { size *= 2 }
        var slots = [Int16](repeating: -1, count: size)
        for (position, pair) in pairs.enumerated() {
            var slot = Self.hash(pair.word) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int16(position)
        }
        words = pairs.map(\.word)
        meanings = pairs.map(\.meaning)
        self.slots = slots
    }

    subscript(word: String) -> Meaning? {
        let mask = slots.count - 1
        var slot = Self.hash(word) & mask
        while slots[slot] >= 0 {
            let position = Int(slots[slot])
            if words[position] == word { return meanings[position] }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Words differ near their ends and in their length: both are enough to tell a stranger in one look.
    private static func hash(_ word: String) -> Int {
        let hash = word.utf8.withContiguousStorageIfAvailable { bytes -> UInt64 in
            guard bytes.count >= 8, let base = bytes.baseAddress else {
                return bytes.reduce(UInt64(bytes.count)) { $0 &* 31 &+ UInt64($1) }
            }
            let raw = UnsafeRawPointer(base)
            let end = raw.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
            let middle = raw.loadUnaligned(fromByteOffset: (bytes.count - 8) / 2, as: UInt64.self)
            return (end ^ middle &* 0x9E37_79B9_7F4A_7C15) &+ UInt64(bytes.count)
        }
        let mixed = (hash ?? 0) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed >> 40)
    }
}

extension WordTable where Meaning: RawRepresentable & CaseIterable, Meaning.RawValue == String {
    /// The words that an enumeration is written with.
    init(of _: Meaning.Type) {
        self.init(Meaning.allCases.map { ($0.rawValue, $0) })
    }
}
