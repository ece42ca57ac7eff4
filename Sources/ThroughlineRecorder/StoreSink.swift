import Synchronization
import ThroughlineModel
import ThroughlineStore

/// The store as the pipeline's sink, which knows the spans that nobody else counts: a store takes a batch first and
/// writes it later, so the pipeline hears of what is refused, and not of what has to be given up.
final class StoreSink: SpanSink {
    private let store: TraceStore
    private let refused = Atomic(0)

    init(_ store: TraceStore) {
        self.store = store
    }

    /// How many ended spans the store took and could not keep.
    var givenUpCount: Int { max(0, store.lostCount - refused.load(ordering: .relaxed)) }

    func write(_ batch: [SpanRecord]) throws {
        do {
            try store.write(batch)
        } catch {
            refused.add(batch.count { $0.end != nil }, ordering: .relaxed)
            throw error
        }
    }

    func flush() throws {
        try store.flush()
    }

    func close() {
        store.close()
    }
}
