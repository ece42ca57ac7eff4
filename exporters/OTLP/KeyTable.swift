import ThroughlineModel

/// The attribute keys of a request, each made once, with what it is worth to know about each while spans are read.
struct KeyTable: ~Copyable {
    struct Entry {
        let key: String
        /// The key as it stands in the request.
        fileprivate let bytes: UnsafeRawBufferPointer
        /// The entry of the key that came behind this one the last time; zero when none has.
        fileprivate var next = 0
        /// The list that the key was in last.
        var list = 0
        /// The value that the key had last.
        var value = Recall<AttributeValue>()
    }

    /// Points to an entry for as long as the table is there.
    typealias EntryPointer = UnsafeMutablePointer<Entry>

    /// More are in no sender's use; who sends more gets a string of its own for each.
    private static let limit = 192
    private static let probes = 8

    /// The entry at zero stands for the beginning of a list. Plain memory, because an array would ask before each change
    /// whether it is shared.
    private let entries = UnsafeMutablePointer<Entry>.allocate(capacity: limit)
    private var count = 1
    /// Which entry a hash leads to; zero for none.
    private var slots = [UInt8](repeating: 0, count: 256)

    init() {
        entries.initialize(to: Entry(key: "", bytes: UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    deinit {
        entries.deinitialize(count: count)
        entries.deallocate()
    }

    /// The entry of a key that stands behind another one's in its list; nil when the table keeps none for it.
    @inline(__always)
    mutating func entry(of key: UnsafeRawBufferPointer, behind previous: EntryPointer?) -> EntryPointer? {
        let previous = previous ?? entries
        let guess = previous.pointee.next
        if guess > 0, entries[guess].bytes.isSame(as: key) { return entries + guess }
        guard let found = entry(of: key) else { return nil }
        previous.pointee.next = found - entries
        return found
    }

    /// The entry of a key; nil when the table keeps none for it.
    @inline(never)
    mutating func entry(of key: UnsafeRawBufferPointer) -> EntryPointer? {
        var slot = Self.hash(key)
        for _ in 0..<Self.probes {
            let index = Int(slots[slot])
            if index == 0 { return insert(key, at: slot) }
            if entries[index].bytes.isSame(as: key) { return entries + index }
            slot = (slot + 1) & 0xFF
        }
        return nil
    }

    private mutating func insert(_ key: UnsafeRawBufferPointer, at slot: Int) -> EntryPointer? {
        // Two texts that differ in their bytes can be the same text, but not in ASCII.
        guard count < Self.limit, key.allSatisfy({ $0 < 0x80 }) else { return nil }
        let text = String(decoding: key, as: UTF8.self)
        slots[slot] = UInt8(count)
        let entry = entries + count
        entry.initialize(to: Entry(key: WellKnownKeys.text[text] ?? text, bytes: key))
        count += 1
        return entry
    }

    private static func hash(_ key: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: key.count)
        if key.count >= 8 {
            hash = (hash ^ key.word(0)) &* 0x9E37_79B9_7F4A_7C15
            hash = (hash ^ hash >> 32 ^ key.word(key.count &- 8)) &* 0x9E37_79B9_7F4A_7C15
        } else {
            for byte in key { hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15 }
        }
        return Int(hash >> 56)
    }
}
