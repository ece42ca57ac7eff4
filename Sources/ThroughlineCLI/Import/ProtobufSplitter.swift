/// Finds the requests of an OTLP protobuf file, which may stand in two ways: one behind the other, where each
/// `ResourceSpans` (field 1) is read as a request by itself, or each behind its length in four bytes, most significant
/// first, as the Collector's file exporter writes them.
struct ProtobufSplitter: RecordSplitter {
    private var buffer: [UInt8] = []
    private var isPrefixed: Bool?
    private var element = 0
    private var hasFailed = false

    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ take: (FileRecord, RecordPlace) -> Void) {
        guard !hasFailed, !bytes.isEmpty else { return }
        buffer.append(contentsOf: bytes)
        // No request of the first kind begins with a zero, and none of the second is as long as another first byte says.
        let isPrefixed = isPrefixed ?? (buffer.first == 0)
        self.isPrefixed = isPrefixed
        var position = 0
        loop: while position < buffer.count, !hasFailed {
            switch isPrefixed ? prefixed(at: position) : field(at: position) {
            case .record(let content, let end):
                buffer[content].withUnsafeBytes { take(.protobuf($0), RecordPlace(element: element)) }
                element += 1
                position = end
            case .skip(let end): position = end
            case .incomplete: break loop
            case .broken(let reason):
                take(.broken("\(reason); the rest of the file cannot be read"), RecordPlace(element: element))
                hasFailed = true
            }
        }
        if hasFailed { buffer = [] } else { buffer.removeFirst(position) }
    }

    mutating func finish(_ take: (FileRecord, RecordPlace) -> Void) {
        if !buffer.isEmpty { take(.broken("the file ends in the middle of it"), RecordPlace(element: element)) }
    }

    private enum Step {
        case record(Range<Int>, end: Int)
        case skip(end: Int)
        case incomplete
        case broken(String)
    }

    private func prefixed(at position: Int) -> Step {
        guard position + 4 <= buffer.count else { return .incomplete }
        let length = buffer[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        if length > FileRecord.maximumBytes { return .broken(FileRecord.tooLong) }
        let end = position + 4 + length
        return end <= buffer.count ? .record(position + 4..<end, end: end) : .incomplete
    }

    private func field(at start: Int) -> Step {
        var position = start
        guard let tag = varint(&position) else { return position < buffer.count ? .broken(Self.noOTLP) : .incomplete }
        switch tag & 7 {
        case 0:
            guard varint(&position) != nil else {
                return position < buffer.count ? .broken(Self.noOTLP) : .incomplete
            }
            return .skip(end: position)
        case 1: return position + 8 <= buffer.count ? .skip(end: position + 8) : .incomplete
        case 5: return position + 4 <= buffer.count ? .skip(end: position + 4) : .incomplete
        case 2:
            guard let length = varint(&position) else {
                return position < buffer.count ? .broken(Self.noOTLP) : .incomplete
            }
            guard length <= UInt64(FileRecord.maximumBytes) else { return .broken(FileRecord.tooLong) }
            let end = position + Int(length)
            if end > buffer.count { return .incomplete }
            return tag >> 3 == 1 ? .record(start..<end, end: end) : .skip(end: end)
        default: return .broken(Self.noOTLP)
        }
    }

    /// Nil when the bytes end first, with the position at the end; or when the number has more than ten bytes.
    private func varint(_ position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        let limit = position + 10
        while position < buffer.count, position < limit {
            let byte = buffer[position]
            value |= UInt64(byte & 0x7F) << UInt64(7 * (position + 10 - limit))
            position += 1
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static let noOTLP = "the bytes are no OTLP"
}
