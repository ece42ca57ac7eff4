/// Text on its way to standard output, printed in pieces of a useful size.
struct PrintedText: TextOutputStream {
    private var held = ""
    private static let pieceBytes = 1 << 16

    mutating func write(_ text: String) {
        held += text
        if held.utf8.count >= Self.pieceBytes { flush() }
    }

    /// Prints what is held back; to be called at the end.
    mutating func flush() {
        print(held, terminator: "")
        held.removeAll(keepingCapacity: true)
    }
}
