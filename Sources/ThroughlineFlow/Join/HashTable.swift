import ThroughlineModel

/// Finds numbers by the hash of what they stand for. The things themselves stay with whoever asks, who says whether a
/// number is meant.
struct HashTable: Sendable {
    /// The upper half of each is the hash, the lower one the number plus one; zero where nothing is.
    private var slots: [UInt64]
    /// The slots that are in use; a power of two less one.
    private var mask: Int
    private var count = 0

    init(capacity: Int = 0) {
        let size = Self.size(for: capacity)
        slots = Array(repeating: 0, count: size)
        mask = size - 1
    }

    /// Forgets everything. What is kept next lies close together however much was kept before: that of a small flow in
    /// the processor's nearest cache.
    mutating func removeAll(makingRoomFor capacity: Int) {
        let size = Self.size(for: capacity)
        count = 0
        mask = size - 1
        guard size <= slots.count else {
            slots = Array(repeating: 0, count: size)
            return
        }
        for place in 0..<size { slots[place] = 0 }
    }

    private static func size(for capacity: Int) -> Int {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        return size
    }

    @inline(__always)
    func find(_ hash: UInt32, where isMeant: (Int) -> Bool) -> Int? {
        var place = Int(hash) & mask
        while slots[place] != 0 {
            let slot = slots[place]
            if UInt32(truncatingIfNeeded: slot >> 32) == hash {
                let number = Int(UInt32(truncatingIfNeeded: slot)) - 1
                if isMeant(number) { return number }
            }
            place = (place + 1) & mask
        }
        return nil
    }

    /// The number is known not to be there.
    mutating func insert(_ hash: UInt32, _ number: Int) {
        if 2 * (count + 1) > mask + 1 { grow(to: 2 * (mask + 1)) }
        put(UInt64(hash) << 32 | UInt64(UInt32(truncatingIfNeeded: number + 1)))
        count += 1
    }

    private mutating func put(_ slot: UInt64) {
        var place = Int(slot >> 32) & mask
        while slots[place] != 0 { place = (place + 1) & mask }
        slots[place] = slot
    }

    /// Makes room for that many, those that are there included.
    mutating func reserveCapacity(_ count: Int) {
        let size = Self.size(for: count)
        if size > mask + 1 { grow(to: size) }
    }

    private mutating func grow(to size: Int) {
        let old = slots[...mask]
        slots = Array(repeating: 0, count: size)
        mask = slots.count - 1
        for slot in old where slot != 0 { put(slot) }
    }
}

/// Hashes that are quick and, because ids come from outside, differ from process to process.
enum Hash {
    private static let seed = UInt64.random(in: .min ... .max) | 1

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    @inline(__always)
    private static func narrow(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32 ^ hash) }

    static func of(_ first: UInt64, _ second: UInt64) -> UInt32 {
        narrow(fold(first ^ seed, second ^ 0x9E37_79B9_7F4A_7C15))
    }

    static func of(_ trace: TraceID) -> UInt32 { of(trace.high, trace.low) }

    static func of(_ id: Operation.ID) -> UInt32 {
        let trace = fold(id.traceID.high ^ seed, id.traceID.low ^ 0x9E37_79B9_7F4A_7C15)
        return narrow(fold(trace ^ id.spanID.rawValue, seed ^ 0xD6E8_FEB8_6659_FD93))
    }

    static func of(_ text: String) -> UInt32 {
        let hash = text.utf8.withContiguousStorageIfAvailable { bytes -> UInt64 in
            let raw = UnsafeRawBufferPointer(bytes)
            var hash = seed ^ UInt64(raw.count)
            var offset = 0
            while offset + 8 <= raw.count {
                hash = fold(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self), 0x9E37_79B9_7F4A_7C15)
                offset += 8
            }
            var rest: UInt64 = 0
            while offset < raw.count {
                rest = rest << 8 | UInt64(raw[offset])
                offset += 1
            }
            return fold(hash ^ rest, 0xD6E8_FEB8_6659_FD93)
        }
        return narrow(hash ?? UInt64(bitPattern: Int64(text.hashValue)))
    }
}
