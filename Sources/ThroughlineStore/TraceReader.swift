public import ThroughlineModel

/// The read side of a trace store; works while others write.
public final class TraceReader: Sendable {
    /// The file.
    public let path: String

    /// Opens a store for reading.
    public init(path: String) throws(StoreError) {
        self.path = path
    }

    /// Finds spans by any id that a person has: a trace, span, message, causation or correlation id, or
    /// `attribute=value`. Empty when nothing matches.
    public func find(_ id: String, limit: Int = 1_000) throws(StoreError) -> [SpanReference] { [] }

    /// Every span connected with the given ones, up to a limit.
    public func flowSpans(from seeds: [SpanReference], limit: Int = 10_000) throws(StoreError) -> FlowSpans {
        FlowSpans(spans: [], isCut: false)
    }

    /// The flows, newest first.
    public func flows(
        limit: Int = 50, since: Timestamp? = nil, errorsOnly: Bool = false
    ) throws(StoreError) -> [FlowSummary] { [] }

    /// Hands every span that started in a window to `body`, in the order in which they were stored.
    public func forEachSpan(
        from: Timestamp? = nil, to: Timestamp? = nil, _ body: (SpanRecord) throws -> Void
    ) throws {}

    /// How much is in the store.
    public func counts() throws(StoreError) -> StoreCounts {
        StoreCounts(spans: 0, unfinished: 0, traces: 0, links: 0)
    }

    /// Looks at the whole file.
    public func check() throws(StoreError) -> StoreReport {
        StoreReport(
            problems: [], schemaVersion: 0, counts: try counts(), fileBytes: 0, freeBytes: 0, walBytes: 0)
    }
}
