import Foundation

/// Text on its way to a file, written in pieces of a useful size. The file is there when all of it is written, and one
/// that was there before is untouched until then. What is no file, such as `/dev/stdout`, gets the pieces as they come.
struct WrittenFile: TextOutputStream {
    private let path: String
    /// Nil where there is no file to be replaced.
    private let partial: URL?
    private let file: FileHandle
    private var held = ""
    private var failure: (any Error)?
    private static let pieceBytes = 1 << 20

    /// True for what is there and is no regular file, links to it included.
    private static func isDevice(_ path: String) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        // A pipe that a link leads to has no path.
        guard let target = realpath(path, nil) else { return true }
        defer { free(target) }
        let attributes = try? FileManager.default.attributesOfItem(atPath: String(cString: target))
        return attributes?[.type] as? FileAttributeType != .typeRegular
    }

    init(path: String) throws {
        self.path = path
        let target = URL(filePath: path)
        let isDevice = Self.isDevice(path)
        let name = ".\(target.lastPathComponent).\(UUID().uuidString)"
        partial = isDevice ? nil : target.deletingLastPathComponent().appending(path: name)
        do {
            try partial.map { try Data().write(to: $0) }
            file = try FileHandle(forWritingTo: partial ?? target)
        } catch {
            throw Self.failure(path, error)
        }
    }

    mutating func write(_ text: String) {
        held += text
        if held.utf8.count >= Self.pieceBytes { flush() }
    }

    private mutating func flush() {
        do {
            if failure == nil { try file.write(contentsOf: Data(held.utf8)) }
        } catch {
            failure = error
        }
        held.removeAll(keepingCapacity: true)
    }

    /// Puts the file in its place; to be called at the end.
    mutating func finish() throws {
        flush()
        do {
            if let failure { throw failure }
            try file.close()
            guard let partial else { return }
            if rename(partial.path, path) != 0 { throw CocoaError(.fileWriteUnknown) }
        } catch {
            if let partial { try? FileManager.default.removeItem(at: partial) }
            throw Self.failure(path, error)
        }
    }

    static func failure(_ path: String, _ error: any Error) -> Failure {
        Failure(code: .usage, message: "Cannot write \(path): \(error.localizedDescription)")
    }
}
