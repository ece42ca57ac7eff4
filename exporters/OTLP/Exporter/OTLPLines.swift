public import ThroughlineModel

/// OTLP JSON Lines: one `TracesData` a line, the format of OpenTelemetry's file exporter
/// (specification/protocol/file-exporter.md).
public enum OTLPLines {
    /// Encodes spans as one line, with its end; nothing when no span has ended.
    public static func encode(_ records: [SpanRecord]) -> [UInt8] {
        guard records.contains(where: { $0.end != nil }) else { return [] }
        return OTLP.encode(records, as: .json) + [UInt8(ascii: "\n")]
    }

    /// Takes the bytes of a file as they come and gives its lines, each decoded. Memory is that of the longest line.
    public struct Reader: Sendable {
        /// The longest line that is read, in bytes; 64 MiB by default, as for a request.
        public var longestLine = 64 << 20
        /// The number of the line that was read last, from 1.
        public private(set) var lineNumber = 0
        private var line: [UInt8] = []
        private var isTooLong = false

        /// A reader at the beginning of a file.
        public init() {}

        /// Takes the next bytes.
        ///
        /// - Parameters:
        ///   - bytes: Any piece of the file.
        ///   - body: Gets each line that has ended: its spans, or what is wrong with it. A broken line does not stop the
        ///     others; an empty one is no line.
        public mutating func append(
            _ bytes: [UInt8], _ body: (Result<[SpanRecord], LineError>) throws -> Void
        ) rethrows {
            var rest = bytes[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                take(rest[..<end])
                rest = rest[(end + 1)...]
                try endLine(body)
            }
            take(rest)
        }

        /// The file has ended: its last line may have no end of its own.
        public mutating func finish(_ body: (Result<[SpanRecord], LineError>) throws -> Void) rethrows {
            if !line.isEmpty || isTooLong { try endLine(body) }
        }

        private mutating func take(_ piece: ArraySlice<UInt8>) {
            if line.count + piece.count > longestLine { isTooLong = true }
            if !isTooLong { line.append(contentsOf: piece) }
        }

        private mutating func endLine(_ body: (Result<[SpanRecord], LineError>) throws -> Void) rethrows {
            lineNumber += 1
            defer {
                line.removeAll(keepingCapacity: line.capacity <= 1 << 20)
                isTooLong = false
            }
            if isTooLong {
                let error = OTLPError(reason: "the line is longer than \(longestLine) bytes", offset: longestLine)
                return try body(.failure(LineError(line: lineNumber, error: error)))
            }
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return }
            let result: Result<[SpanRecord], LineError>
            do throws(OTLPError) {
                result = .success(try OTLP.decode(line, as: .json))
            } catch {
                result = .failure(LineError(line: lineNumber, error: error))
            }
            try body(result)
        }
    }

    /// What is wrong with a line.
    public struct LineError: Error, Hashable, CustomStringConvertible {
        /// Its number, from 1.
        public let line: Int
        /// What is wrong, and where in the line.
        public let error: OTLPError

        /// What is wrong and where.
        public var description: String { "line \(line): \(error)" }
    }
}
