/// Reads protobuf fields from bytes that somebody else owns while it reads.
struct ProtobufReader {
    /// What stands behind a tag.
    enum Wire: UInt64 {
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

    private init(_ bytes: UnsafeRawBufferPointer, _ position: Int, _ end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    var isAtEnd: Bool { position >= end }

    func error(_ reason: String) -> OTLPError { OTLPError(reason: reason, offset: position) }

    /// The number and the kind of the next field; nil at the end.
    @inline(__always)
    mutating func next() throws(OTLPError) -> (field: Int, wire: Wire)? {
        guard position < end else { return nil }
        let tag = try varint()
        guard let wire = Wire(rawValue: tag & 7), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
            throw error("a field's tag is invalid")
        }
        return (Int(tag >> 3), wire)
    }

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
        let length = try varint()
        guard length <= UInt64(end &- position) else { throw error("a field is longer than what is left") }
        defer { position &+= Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position &+ Int(length)])
    }

    /// A reader of the message in a length-delimited field; offsets go on counting from the outermost byte.
    @inline(__always)
    mutating func message() throws(OTLPError) -> ProtobufReader {
        let length = try varint()
        guard length <= UInt64(end &- position) else { throw error("a field is longer than what is left") }
        let start = position
        position &+= Int(length)
        return ProtobufReader(bytes, start, position)
    }

    mutating func skip(_ wire: Wire) throws(OTLPError) {
        switch wire {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .fixed32: _ = try fixed32()
        case .bytes: _ = try slice()
        }
    }
}
