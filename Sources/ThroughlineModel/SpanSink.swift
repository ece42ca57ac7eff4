/// Where ended spans go: a store, an exporter, a test's list.
///
/// The span pipeline calls a sink from one thread of its own, never from Swift's cooperative pool, so a sink may block.
public protocol SpanSink: Sendable {
    /// Takes a batch, in the order in which the spans ended. A record without an end is the start of a span that may
    /// end in a later batch.
    ///
    /// - Throws: when nothing of the batch could be taken; the pipeline counts its spans as lost and goes on.
    func write(_ batch: [SpanRecord]) throws

    /// Returns when everything that was written is as safe as the sink can make it.
    func flush() throws

    /// Lets go of files and connections; nothing is written afterwards.
    func close()
}

extension SpanSink {
    /// Does nothing, which is right for a sink that holds nothing back.
    public func flush() throws {}

    /// Does nothing, which is right for a sink that holds nothing open.
    public func close() {}
}
