internal import CZlib

/// Undoes gzip (RFC 1952) piece by piece, and stops as soon as the result is longer than allowed: a few kilobytes can
/// stand for gigabytes.
package struct Gunzip: ~Copyable {
    private static let pieceSize = 32_768

    /// On the heap, because zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableBufferPointer<UInt8>
    private let limit: Int
    private var isBetweenMembers = false

    /// What came out so far, and was not taken.
    package private(set) var output: [UInt8] = []

    /// - Parameter limit: The longest result, in bytes.
    package init(limit: Int) throws(GzipError) {
        self.limit = limit
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        piece = .allocate(capacity: Self.pieceSize)
        // 15 bits of window, the most there is; 16 more say that gzip is expected and not zlib's own wrapping.
        let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .outOfMemory }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    /// What came out since it was last taken; makes room for as much again.
    package mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Takes the next bytes. Several members may stand behind each other (RFC 1952, section 2.2).
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GzipError) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        // zlib reads through a pointer that is only called mutable, and counts in 32 bits.
        var rest = UnsafeMutableRawPointer(mutating: start).assumingMemoryBound(to: UInt8.self)
        var count = bytes.count
        while count > 0 {
            let now = min(count, 1 << 30)
            stream.pointee.next_in = rest
            stream.pointee.avail_in = UInt32(now)
            defer { stream.pointee.next_in = nil }
            try inflateAvailable()
            rest += now
            count -= now
        }
    }

    /// - Throws: When the data ends in the middle.
    package mutating func finish() throws(GzipError) {
        guard isBetweenMembers else { throw .truncated }
    }

    private mutating func inflateAvailable() throws(GzipError) {
        repeat {
            if isBetweenMembers {
                guard stream.pointee.avail_in > 0 else { return }
                isBetweenMembers = false
                guard inflateReset(stream) == Z_OK else { throw .outOfMemory }
            }
            stream.pointee.next_out = piece.baseAddress
            stream.pointee.avail_out = UInt32(Self.pieceSize)
            let code = inflate(stream, Z_NO_FLUSH)
            let made = Self.pieceSize - Int(stream.pointee.avail_out)
            guard output.count + made <= limit else { throw .tooLong(limit: limit) }
            output.append(contentsOf: UnsafeMutableBufferPointer(rebasing: piece[..<made]))
            switch code {
            case Z_OK: break
            case Z_STREAM_END: isBetweenMembers = true
            case Z_BUF_ERROR: return
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .invalid(stream.pointee.msg.map { String(cString: $0) } ?? "zlib's code \(code)")
            }
        } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
    }
}
