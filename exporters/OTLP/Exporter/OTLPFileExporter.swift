import Dispatch
public import ThroughlineModel

// The C library's `stdout` is a variable that nobody assigns.
#if canImport(Darwin)
    @preconcurrency import Darwin
#elseif canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#endif

/// Writes spans as OTLP JSON Lines, to a file or to standard output, for people, for other programs, and for
/// `throughline import`.
public final class OTLPFileExporter: SpanExporter {
    private let descriptor: Int32
    private let name: String
    private let isStandardOutput: Bool
    // Writing may block; it happens here and not on Swift's cooperative pool. Lines never mix.
    private let queue = DispatchQueue(label: "throughline.otlp.file")

    /// Writes to standard output. What the program prints there stays in order with it, line by line.
    public static func standardOutput() -> OTLPFileExporter {
        OTLPFileExporter(descriptor: STDOUT_FILENO, name: "standard output", isStandardOutput: true)
    }

    /// Appends to a file, and makes it when there is none.
    ///
    /// - Throws: ``FileError`` when the file cannot be written.
    public convenience init(path: String) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        self.init(descriptor: descriptor, name: path, isStandardOutput: false)
    }

    private init(descriptor: Int32, name: String, isStandardOutput: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.isStandardOutput = isStandardOutput
    }

    deinit {
        if !isStandardOutput { close(descriptor) }
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
        guard isStandardOutput else { return writeAll(bytes) }
        // `print` holds text back, half a line at times: that goes first, and nobody prints meanwhile.
        flockfile(stdout)
        defer { funlockfile(stdout) }
        fflush(stdout)
        return writeAll(bytes)
    }

    private func writeAll(_ bytes: [UInt8]) -> ExportOutcome {
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
