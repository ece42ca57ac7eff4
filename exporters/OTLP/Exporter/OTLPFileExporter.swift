import Dispatch
public import ThroughlineModel

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes spans as OTLP JSON Lines, to a file or to standard output, for people, for other programs, and for
/// `throughline import`.
public final class OTLPFileExporter: SpanExporter {
    private let descriptor: Int32
    private let name: String
    private let closes: Bool
    // Writing may block; it happens here and not on Swift's cooperative pool. Lines never mix.
    private let queue = DispatchQueue(label: "throughline.otlp.file")

    /// Writes to standard output.
    public static func standardOutput() -> OTLPFileExporter {
        OTLPFileExporter(descriptor: STDOUT_FILENO, name: "standard output", closes: false)
    }

    /// Appends to a file, and makes it when there is none.
    ///
    /// - Throws: ``FileError`` when the file cannot be written.
    public convenience init(path: String) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        self.init(descriptor: descriptor, name: path, closes: true)
    }

    private init(descriptor: Int32, name: String, closes: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.closes = closes
    }

    deinit {
        if closes { close(descriptor) }
    }

    /// Writes the spans of a batch that have ended as one line.
    public func export(_ batch: [SpanRecord]) async -> ExportOutcome {
        let line = OTLPLines.encode(batch)
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.write(line)) }
        }
    }

    /// Nothing is held back, so that nothing is left to do.
    public func shutdown() async {}

    private func write(_ bytes: [UInt8]) -> ExportOutcome {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer -> Int in
                guard let start = buffer.baseAddress else { return 0 }
                return systemWrite(descriptor, start + written, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                return .failed("\(name) cannot be written: \(String(cString: strerror(errno)))", retryAfter: nil)
            }
            written += count
        }
        return .accepted(rejected: 0)
    }

    /// Why a file cannot be written.
    public struct FileError: Error, Hashable, CustomStringConvertible {
        /// The file.
        public let path: String
        /// Why, in the system's words.
        public let reason: String

        /// Which file, and why.
        public var description: String { "\(path) cannot be written: \(reason)" }
    }
}

/// The system's `write`, which a method of that name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
