import Synchronization
public import ThroughlineModel

/// Keeps spans in a list, for tests.
///
/// swift-distributed-tracing's own `InMemoryTracer` propagates private headers, so it cannot show what a message
/// really carries; a ``RecordingTracer`` over this sink can.
public final class InMemorySink: SpanSink {
    private let list = Mutex<[SpanRecord]>([])

    /// An empty list.
    public init() {}

    /// What was written so far, in the order in which it came.
    public var records: [SpanRecord] { list.withLock { $0 } }

    /// Appends a batch.
    public func write(_ batch: [SpanRecord]) {
        list.withLock { $0 += batch }
    }

    /// Forgets what was written so far.
    public func removeAll() { list.withLock { $0 = [] } }
}
