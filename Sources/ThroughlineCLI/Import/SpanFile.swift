import Foundation
import Gzip

/// A file, or standard input, that is read once from its beginning; what is compressed with gzip is decompressed.
struct SpanFile: ~Copyable {
    /// Small enough that what a piece of gzip may stand for, a thousand times as much, still fits into memory.
    private static let compressedPiece = 16 << 10
    private static let plainPiece = 1 << 20

    let name: String
    /// In bytes; nil for what has no size, such as a pipe.
    let size: Int64?
    /// How much of it was read, in bytes.
    private(set) var position: Int64 = 0
    private let handle: FileHandle
    private var gunzip: Gunzip?
    private var buffer = [UInt8](repeating: 0, count: Self.plainPiece)
    private var isFirst = true

    /// - Throws: `Failure` when the file cannot be read.
    init(_ path: String) throws(Failure) {
        guard path != "-" else {
            name = "standard input"
            handle = .standardInput
            size = nil
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? .notFound("There is no file \(path).")
                : .notFound("\(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw .notFound("\(path) is a directory. Name the files in it.")
        }
        name = path
        self.handle = handle
        let end = try? handle.seekToEnd()
        size = end.flatMap { $0 > 0 ? Int64($0) : nil }
        try? handle.seek(toOffset: 0)
    }

    /// Hands the next piece to a closure; false at the end.
    mutating func next(_ body: (UnsafeRawBufferPointer) -> Void) throws(Failure) -> Bool {
        let wanted = gunzip == nil && !isFirst ? Self.plainPiece : Self.compressedPiece
        let count = try fill(wanted)
        do throws(GzipError) {
            if isFirst, count >= 2, buffer[0] == 0x1F, buffer[1] == 0x8B { gunzip = try Gunzip(limit: 256 << 20) }
            if gunzip != nil {
                try decompress(count, body)
            } else if count > 0 {
                // A byte order mark says nothing here.
                let start = isFirst && buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
                buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<max(start, count)])) }
            }
        } catch {
            throw .notFound("\(name) cannot be decompressed: \(error).")
        }
        isFirst = false
        return count > 0
    }

    /// The first piece is filled, however slowly a pipe may bring it: what the file holds is told from it.
    private mutating func fill(_ wanted: Int) throws(Failure) -> Int {
        var count = 0
        repeat {
            let more = buffer.withUnsafeMutableBytes {
                read(handle.fileDescriptor, $0.baseAddress.map { $0 + count }, wanted - count)
            }
            guard more >= 0 else {
                throw .notFound("\(name) cannot be read any further: \(String(cString: strerror(errno))).")
            }
            if more == 0 { break }
            count += more
        } while isFirst && count < wanted
        position += Int64(count)
        return count
    }

    private mutating func decompress(
        _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(GzipError) {
        guard count > 0 else {
            try gunzip?.finish()
            return
        }
        let failure = buffer.withUnsafeBytes { bytes -> GzipError? in
            do throws(GzipError) {
                try gunzip?.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                return nil
            } catch {
                return error
            }
        }
        // What came out before it went wrong is as good as ever.
        gunzip?.takeOutput().withUnsafeBytes(body)
        if let failure { throw failure }
    }
}
