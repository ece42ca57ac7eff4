import Foundation

/// Text on its way to standard output, printed in pieces of a useful size.
struct PrintedText: TextOutputStream {
    private var held = ""
    private var failure: Failure?
    private static let pieceBytes = 1 << 16

    mutating func write(_ text: String) {
        held += text
        if held.utf8.count >= Self.pieceBytes { put() }
    }

    /// Prints what is held back; to be called at the end.
    ///
    /// - Throws: `Failure` when some of the text could not be written.
    mutating func flush() throws(Failure) {
        put()
        if let failure { throw failure }
    }

    private mutating func put() {
        defer { held.removeAll(keepingCapacity: true) }
        guard failure == nil else { return }
        do throws(Failure) {
            try StandardStreams.put(Array(held.utf8), to: STDOUT_FILENO, "Standard output")
        } catch {
            failure = error
        }
    }
}
