/// Why gzip could not be undone.
package enum GzipError: Error, Hashable {
    /// The bytes are no gzip; what zlib says of them.
    case invalid(String)
    /// They end before the compressed data does.
    case truncated
    /// What they stand for is longer than allowed.
    case tooLong(limit: Int)
    /// No memory for zlib's own state.
    case outOfMemory
}

extension GzipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalid(let reason): "the bytes are no gzip: \(reason)"
        case .truncated: "the gzip data ends too early"
        case .tooLong(let limit): "what the gzip data stands for is longer than \(limit) bytes"
        case .outOfMemory: "there is no memory for decompressing"
        }
    }
}
