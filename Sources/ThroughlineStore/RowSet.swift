/// Rows that were met. Rows that were written together lie together, so one word tells of sixty-four.
struct RowSet {
    private var words: [Int64: UInt64] = [:]
    private var last: (place: Int64, word: UInt64) = (.min, 0)

    mutating func insert(_ row: Int64) {
        let place = row >> 6
        if last.place != place { last = (place, words[place] ?? 0) }
        last.word |= 1 << UInt64(row & 63)
        words[place] = last.word
    }

    mutating func formUnion(_ other: RowSet) {
        words.merge(other.words, uniquingKeysWith: |)
        last = (.min, 0)
    }

    mutating func contains(_ row: Int64) -> Bool {
        let place = row >> 6
        if last.place != place { last = (place, words[place] ?? 0) }
        return last.word & 1 << UInt64(row & 63) != 0
    }
}
