internal import Hummingbird
internal import Metrics
internal import ThroughlineModel
internal import ThroughlineStore

/// The way of spans from a request into the store, the same for every format.
struct SpanIntake: Sendable {
    let store: TraceStore
    let reader: BodyReader
    private let stored = Counter(label: "throughline.collector.spans", dimensions: [("outcome", "stored")])
    private let repeated = Counter(label: "throughline.collector.spans", dimensions: [("outcome", "repeated")])

    init(store: TraceStore, reader: BodyReader) {
        self.store = store
        self.reader = reader
    }

    /// Reads, decodes, and returns once the spans are committed. Decoding and encoding happen here, on Swift's pool;
    /// reading is the event loop's and writing the store's own thread's work.
    func take<Decoded>(
        _ request: Request, decode: ([UInt8]) throws(Refusal) -> (spans: [SpanRecord], Decoded)
    ) async throws(Refusal) -> Decoded {
        var share = ByteBudget.Share(of: reader.budget)
        var (spans, decoded) = try decode(try await reader.read(request, &share))
        // Exporters send only what is sampled, and not all say so in the flags: without it nothing would be sent on.
        for index in spans.indices { spans[index].flags.insert(.sampled) }
        do throws(StoreError) {
            let received = try await store.receive(spans)
            stored.increment(by: received.stored)
            repeated.increment(by: received.duplicates)
        } catch {
            throw Refusal(error)
        }
        return decoded
    }
}
