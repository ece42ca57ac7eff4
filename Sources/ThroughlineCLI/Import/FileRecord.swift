/// A piece of a file that can be read by itself.
enum FileRecord {
    /// A JSON object, or an element of a list.
    case json(UnsafeRawBufferPointer)
    /// An OTLP request, or a part of one that is one by itself.
    case protobuf(UnsafeRawBufferPointer)
    /// What cannot be read, and why.
    case broken(String)

    /// Longer ones are broken: memory stays bounded whatever a file holds.
    static let maximumBytes = 256 << 20

    static let tooLong = "it is longer than \(Output.bytes(Int64(maximumBytes)))"
}

/// Where in a file a record stands.
struct RecordPlace: Hashable, Comparable {
    /// From 1; nil in files without lines.
    var line: Int?
    /// From 0, within the list around it; nil outside lists.
    var element: Int?

    static func < (left: RecordPlace, right: RecordPlace) -> Bool {
        (left.line ?? 0, left.element ?? -1) < (right.line ?? 0, right.element ?? -1)
    }

    var description: String {
        [line.map { "line \($0)" }, element.map { "element \($0)" }].compactMap { $0 }.joined(separator: ", ")
    }
}

/// Takes a file apart while it is read.
protocol RecordSplitter {
    /// Takes the next bytes; the records are valid during the call.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ take: (FileRecord, RecordPlace) -> Void)

    /// Takes the end of the file.
    mutating func finish(_ take: (FileRecord, RecordPlace) -> Void)
}
