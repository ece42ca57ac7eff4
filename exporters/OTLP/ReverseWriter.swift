/// Writes protobuf from its end to its beginning: the length of a message stands before it, and is known for free once
/// the message is written.
struct ReverseWriter: ~Copyable {
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// Where the last written byte stands; everything before is free.
    private var position: Int

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        storage = .allocate(capacity: self.capacity)
        position = self.capacity
    }

    deinit { storage.deallocate() }

    /// How many bytes were written.
    var count: Int { capacity - position }

    /// What was written, in its final order.
    borrowing func bytes() -> [UInt8] { Array(UnsafeBufferPointer(start: storage + position, count: count)) }

    @inline(__always)
    private mutating func reserve(_ bytes: Int) {
        if position < bytes { grow(bytes) }
    }

    @inline(never)
    private mutating func grow(_ bytes: Int) {
        let used = count
        let larger = max(2 * capacity, used + bytes + 64)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        (fresh + (larger - used)).update(from: storage + position, count: used)
        storage.deallocate()
        storage = fresh
        position = larger - used
        capacity = larger
    }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        reserve(1)
        position &-= 1
        storage[position] = value
    }

    @inline(__always)
    mutating func varint(_ value: UInt64) {
        if value < 0x80 { return byte(UInt8(truncatingIfNeeded: value)) }
        longVarint(value)
    }

    private mutating func longVarint(_ value: UInt64) {
        let length = (70 &- value.leadingZeroBitCount) / 7
        reserve(length)
        position &-= length
        var rest = value
        var index = position
        while rest >= 0x80 {
            storage[index] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            index &+= 1
        }
        storage[index] = UInt8(truncatingIfNeeded: rest)
    }

    @inline(__always)
    mutating func fixed64(_ value: UInt64) {
        reserve(8)
        position &-= 8
        UnsafeMutableRawPointer(storage + position).storeBytes(of: value.littleEndian, as: UInt64.self)
    }

    @inline(__always)
    mutating func bigEndian64(_ value: UInt64) {
        reserve(8)
        position &-= 8
        UnsafeMutableRawPointer(storage + position).storeBytes(of: value.bigEndian, as: UInt64.self)
    }

    @inline(__always)
    mutating func fixed32(_ value: UInt32) {
        reserve(4)
        position &-= 4
        UnsafeMutableRawPointer(storage + position).storeBytes(of: value.littleEndian, as: UInt32.self)
    }

    /// The bytes with their length before them.
    @inline(__always)
    mutating func lengthDelimited(_ bytes: UnsafeBufferPointer<UInt8>) {
        let length = bytes.count
        reserve(length)
        position &-= length
        if let start = bytes.baseAddress { (storage + position).update(from: start, count: length) }
        varint(UInt64(length))
    }

    @inline(__always)
    mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { lengthDelimited($0) }
    }

    /// The length of what was written since `end`, which is what ``count`` was before.
    @inline(__always)
    mutating func length(since end: Int) { varint(UInt64(count &- end)) }
}
