/// Remembers what was found for texts that come again and again from one place in memory, as the keys of spans do,
/// without looking at the text.
///
/// Two strings of the same bits are the same text as long as what the bits refer to is not changed or given back; a copy
/// of each remembered string is kept here, which sees to both. The same text from another place is asked for anew, and
/// of three texts that fall on one pair of slots one is forgotten, so that memory is bounded whatever arrives.
struct TextMemo<Found> {
    /// What a string consists of, by value; none consists of zeros.
    private struct Bits: Equatable {
        var first: UInt64 = 0
        var second: UInt64 = 0
    }

    private var bits: [Bits]
    private var kept: [String]
    private var found: [Found]

    /// - Parameters:
    ///   - capacity: a power of two.
    ///   - nothing: what stands where nothing is remembered; it is never given to anybody.
    init(capacity: Int, nothing: Found) {
        bits = Array(repeating: Bits(), count: capacity)
        kept = Array(repeating: "", count: capacity)
        found = Array(repeating: nothing, count: capacity)
    }

    /// What was found for that very text before, or is found now.
    @inline(__always)
    mutating func found(for text: String, orFind find: (String) -> Found) -> Found {
        guard MemoryLayout<String>.size == MemoryLayout<Bits>.size else { return find(text) }
        let own = unsafeBitCast(text, to: Bits.self)
        let mixed = (own.first ^ own.second &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        let place = Int(truncatingIfNeeded: mixed >> 32) & (bits.count - 1)
        if bits[place] == own { return found[place] }
        if bits[place ^ 1] == own { return found[place ^ 1] }
        let new = find(text)
        remember(text, own, new, at: bits[place] == Bits() ? place : place ^ 1)
        return new
    }

    @inline(never)
    private mutating func remember(_ text: String, _ own: Bits, _ new: Found, at place: Int) {
        bits[place] = own
        kept[place] = text
        found[place] = new
    }
}
