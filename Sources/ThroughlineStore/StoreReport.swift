/// How much is in a store.
public struct StoreCounts: Hashable, Sendable {
    /// Spans that have ended.
    public var spans: Int
    /// Spans that were started and have not ended.
    public var unfinished: Int
    /// Different traces.
    public var traces: Int
    /// Links between spans.
    public var links: Int
}

/// What a look at the whole file found.
public struct StoreReport: Hashable, Sendable {
    /// What SQLite found wrong, one line each; empty when the file is sound.
    public var problems: [String]
    /// The version of the schema.
    public var schemaVersion: Int
    /// How much is in it.
    public var counts: StoreCounts
    /// The size of the file in bytes.
    public var fileBytes: Int64
    /// How many bytes of the file are free for new spans.
    public var freeBytes: Int64
    /// The size of the write-ahead log beside it in bytes.
    public var walBytes: Int64

    /// True when nothing is wrong.
    public var isSound: Bool { problems.isEmpty }
}

/// What pruning removed.
public struct PruneReport: Hashable, Sendable {
    /// Spans, unfinished ones included.
    public var spans = 0
    /// Links of those spans.
    public var links = 0
    /// Traces of which nothing is left.
    public var traces = 0
    /// Spans that an exporter had still to deliver, summed over the exporters.
    public var undelivered = 0
    /// Spans that stayed, although the limits would have had them go, for the sake of an exporter.
    public var spared = 0
    /// By how many bytes the file became smaller.
    public var bytesFreed: Int64 = 0
    /// About how many bytes the file takes without any span, when that is more than it was to take; nothing was deleted
    /// for its size then.
    public var smallestBytes: Int64?

    /// What two clean-ups removed together.
    public static func + (first: PruneReport, second: PruneReport) -> PruneReport {
        PruneReport(
            spans: first.spans + second.spans, links: first.links + second.links, traces: first.traces + second.traces,
            undelivered: first.undelivered + second.undelivered, spared: max(first.spared, second.spared),
            bytesFreed: first.bytesFreed + second.bytesFreed,
            smallestBytes: second.smallestBytes ?? first.smallestBytes)
    }
}
