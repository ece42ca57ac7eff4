/// Reads protobuf fields from bytes that somebody else owns while it reads.
///
/// The caller switches over each field's tag, its number times eight and its ``Wire`` type, and skips what it does not
/// know.
struct ProtobufReader {
    /// What stands behind a tag.
    private enum Wire: UInt64 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    private let end: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(bytes, 0, bytes.count)
    }

    @inline(__always)
    private init(_ bytes: UnsafeRawBufferPointer, _ position: Int, _ end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    @inline(__always)
    var isAtEnd: Bool { position >= end }

    /// What has not been read yet.
    @inline(__always)
    var rest: UnsafeRawBufferPointer { buffer(position, end) }

    func error(_ reason: String) -> OTLPError { OTLPError(reason: reason, offset: position) }

    /// The next number, or the tag of the next field.
    @inline(__always)
    mutating func varint() throws(OTLPError) -> UInt64 {
        if position < end {
            let first = bytes[position]
            if first < 0x80 {
                position &+= 1
                return UInt64(first)
            }
        }
        return try longVarint()
    }

    @inline(never)
    private mutating func longVarint() throws(OTLPError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 70 {
            let byte = bytes[position]
            position &+= 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
        throw error(shift >= 70 ? "a number has more than ten bytes" : "the bytes end in the middle of a number")
    }

    /// Goes on behind a tag of one byte when that is what comes next.
    @inline(__always)
    mutating func take(_ tag: UInt8) -> Bool {
        guard position < end, bytes[position] == tag else { return false }
        position &+= 1
        return true
    }

    @inline(__always)
    mutating func fixed64() throws(OTLPError) -> UInt64 {
        guard end &- position >= 8 else { throw error("the bytes end in the middle of a number") }
        defer { position &+= 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always)
    mutating func fixed32() throws(OTLPError) -> UInt32 {
        guard end &- position >= 4 else { throw error("the bytes end in the middle of a number") }
        defer { position &+= 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }

    /// The bytes of a length-delimited field.
    @inline(__always)
    mutating func slice() throws(OTLPError) -> UnsafeRawBufferPointer {
        let start = try skipLengthDelimited()
        return buffer(start, position)
    }

    /// A reader of the message in a length-delimited field; offsets go on counting from the outermost byte.
    @inline(__always)
    mutating func message() throws(OTLPError) -> ProtobufReader {
        let start = try skipLengthDelimited()
        return ProtobufReader(bytes, start, position)
    }

    /// The text in a length-delimited field. Bytes that are no UTF-8 are repaired: a span that is a little wrong is
    /// better than none.
    @inline(__always)
    mutating func text() throws(OTLPError) -> String {
        String(decoding: try slice(), as: UTF8.self)
    }

    /// Goes on behind the field that a tag begins.
    @inline(never)
    mutating func skip(_ tag: UInt64) throws(OTLPError) {
        guard let wire = Wire(rawValue: tag & 7), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
            throw error("a field's tag is invalid")
        }
        switch wire {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .fixed32: _ = try fixed32()
        case .bytes: _ = try skipLengthDelimited()
        }
    }

    /// Where the content of a length-delimited field begins; it ends at ``position``.
    @inline(__always)
    private mutating func skipLengthDelimited() throws(OTLPError) -> Int {
        let length = try varint()
        guard length <= UInt64(end &- position) else { throw error("a field is longer than what is left") }
        defer { position &+= Int(length) }
        return position
    }

    @inline(__always)
    private func buffer(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes.baseAddress?.advanced(by: start), count: end &- start)
    }
}

extension UnsafeRawBufferPointer {
    /// True when the other holds the same bytes.
    @inline(__always)
    func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while count &- index >= 8 {
            guard word(index) == other.word(index) else { return false }
            index &+= 8
        }
        if index == count { return true }
        if count >= 8 { return word(count &- 8) == other.word(count &- 8) }
        while index < count {
            guard self[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }

    /// The eight bytes from an offset on, which must be there.
    @inline(__always)
    func word(_ offset: Int) -> UInt64 { loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
}
