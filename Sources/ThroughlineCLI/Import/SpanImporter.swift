import ThroughlineModel
import ThroughlineStore

/// Brings the spans of files into a store. While the store writes a batch, the next is read.
struct SpanImporter: ~Copyable {
    private static let batchSize = 4_096

    /// What became of one file.
    struct Result {
        let name: String
        var formats: Set<ImportFormat> = []
        /// Spans that were new.
        var spans = 0
        /// Spans that were there already.
        var duplicates = 0
        /// Records, or spans of them, that could not be read.
        var skipped = 0
        var problems: [RecordDecoder.Problem] = []
        /// Why the rest of the file could not be read.
        var failure: String?
    }

    /// As JSON has it.
    private static let whiteSpace: Set<UInt8> = [0x09, 0x0A, 0x0D, 0x20]

    private let store: TraceStore
    private let format: ImportFormat?
    private var flows = FlowCounter()
    private var inFlight: (open: Int, task: Task<ReceivedSpans, any Error>)?

    init(_ store: TraceStore, format: ImportFormat?) {
        self.store = store
        self.format = format
    }

    /// How many flows the spans belong to; nil when there were too many to count.
    var flowCount: Int? { flows.count }

    /// Reads one file to its end.
    ///
    /// - Parameter progress: Called now and then with the bytes read of the file and the spans found in it.
    /// - Throws: `StoreError` when the store does not take the spans.
    mutating func run(_ path: String, progress: (borrowing SpanFile, Int) -> Void) async throws -> Result {
        var result = Result(name: path)
        var file: SpanFile
        do throws(Failure) {
            file = try SpanFile(path)
        } catch {
            result.failure = error.message
            return result
        }
        var decoder = RecordDecoder(forced: format)
        var splitter: (any RecordSplitter)?
        var isAtEnd = false
        var foreign: String?
        /// Begins as no spans do; but their first line alone may be broken.
        var isText = false
        while !isAtEnd {
            do throws(Failure) {
                isAtEnd = try !file.next { bytes in
                    if splitter == nil {
                        if bytes.allSatisfy(Self.whiteSpace.contains) { return }
                        foreign = format == nil ? ForeignForm.ofFile(beginning: bytes) : nil
                        splitter = self.splitter(for: bytes)
                        let first = bytes.first { !Self.whiteSpace.contains($0) }
                        isText = splitter is JSONSplitter && first != UInt8(ascii: "{") && first != UInt8(ascii: "[")
                    }
                    if foreign != nil { return }
                    splitter?.feed(bytes) { decoder.take($0, $1) }
                }
            } catch {
                result.failure = error.message
                isAtEnd = true
            }
            if let foreign {
                result.failure = "\(file.name) \(foreign)."
                return result
            }
            if isAtEnd {
                splitter?.finish { decoder.take($0, $1) }
                decoder.finish()
            }
            try await store(decoder.takeSpans(), &result)
            progress(file, result.spans + result.duplicates)
        }
        try await settle(&result)
        if splitter == nil {
            if result.failure == nil { result.failure = "\(file.name) is empty." }
            return result
        }
        if isText, !decoder.hasSeenValue, result.failure == nil {
            result.failure = "\(file.name) \(ForeignForm.text)."
            return result
        }
        result.formats = decoder.formats
        result.skipped = decoder.skipped
        result.problems = decoder.problems.sorted { $0.place < $1.place }
        return result
    }

    private func splitter(for bytes: UnsafeRawBufferPointer) -> any RecordSplitter {
        let isProtobuf = format.map { $0 == .otlpProtobuf } ?? ImportFormat.isBinary(bytes)
        return isProtobuf ? ProtobufSplitter() : JSONSplitter()
    }

    private mutating func store(_ spans: [SpanRecord], _ result: inout Result) async throws {
        for span in spans { flows.add(span) }
        var rest = spans[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batchSize))
            rest = rest.dropFirst(batch.count)
            try await settle(&result)
            let open = batch.count { $0.end == nil }
            inFlight = (open, Task { [store] in try await store.receive(batch) })
        }
    }

    /// Waits for the batch that the store is writing.
    private mutating func settle(_ result: inout Result) async throws {
        guard let (open, task) = inFlight else { return }
        inFlight = nil
        let received = try await task.value
        result.spans += received.stored + open
        result.duplicates += received.duplicates
    }
}
