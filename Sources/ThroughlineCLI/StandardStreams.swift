// The C library's `stdout` is a variable that nobody assigns.
@preconcurrency import Foundation

/// What a process was given to read from and to write to.
enum StandardStreams {
    /// Puts something in the place of a stream that the caller has closed: the next file that is opened would take it,
    /// and what is printed would go into a store. Nothing can be written to what stands for standard output.
    static func fillGaps() {
        for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest number that is free is this one: those before it are open.
            _ = open("/dev/null", mode)
        }
    }

    /// Writes out what `print` has held back.
    ///
    /// - Throws: `Failure` when some of what was printed could not be written, now or before.
    static func flush() throws(Failure) {
        errno = 0
        guard fflush(stdout) != 0 || ferror(stdout) != 0 else { return }
        throw unwritable("Standard output", errno)
    }

    /// Writes all of it, however many calls that takes.
    ///
    /// - Parameter name: What the descriptor stands for, for people.
    static func put(_ bytes: [UInt8], to descriptor: Int32, _ name: String) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { write(descriptor, $0 + written, buffer.count - written) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw unwritable(name, errno) }
            written += count
        }
    }

    private static func unwritable(_ name: String, _ code: Int32) -> Failure {
        let reason = code == 0 ? "" : ": \(String(cString: strerror(code)))"
        return Failure(code: .unwritable, message: "\(name) cannot be written\(reason).")
    }
}
