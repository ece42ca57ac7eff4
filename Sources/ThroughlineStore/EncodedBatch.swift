internal import ThroughlineModel

/// Spans in the shape of rows, made on the caller's thread so that the writer's thread only binds and steps.
///
/// Whatever the tables intern is listed once a batch and named by its place in the list; the writer looks up each list
/// once and not each span.
struct EncodedBatch: Sendable {
    /// One row of `spans`, or of `open_spans` when it has no duration.
    struct Span: Sendable {
        var trace: Int32
        var spanID: Int64
        var parentID: Int64?
        var flags: Int64
        var kind: Int64
        var name: Int32
        var start: Int64
        var duration: Int64?
        var status: Int64
        var statusMessage: String?
        var resource: Int32
        var scope: Int32
        var traceState: String?
        var dropped = Slice.null
        var attributes = Slice.null
        var events = Slice.null
        /// Where this span's texts begin in ``EncodedBatch/texts``.
        var texts: Int
        var numbers: Numbers = Numbers()
        var messageID: MessageKey?
        var causationID: MessageKey?
        /// The place in ``EncodedBatch/correlations``, -1 for none.
        var correlation: Int32 = -1
        var links: Range<Int> = 0..<0
        var refs: Range<Int> = 0..<0

        var isOpen: Bool { duration == nil }
    }

    /// The promoted numbers.
    struct Numbers: Sendable {
        var offset: Int64?
        var attempt: Int64?
        var enqueuedTime: Int64?
        var queueTime: Int64?
    }

    /// A piece of ``EncodedBatch/bytes``.
    struct Slice: Sendable {
        var start: Int
        var count: Int

        /// Stands for NULL.
        static let null = Slice(start: 0, count: -1)
    }

    /// One row of `links`.
    struct Link: Sendable {
        var targetTrace: Int32
        var targetSpan: Int64
        var flags: Int64
        var type: Int32
        var messageID: MessageKey?
        var traceState: String?
        var dropped: Int64?
        var attributes: Slice
    }

    /// One row of `message_refs`.
    struct Reference: Hashable, Sendable {
        var key: MessageKey
        var role: MessageRole
    }

    var spans: [Span] = []
    var links: [Link] = []
    var refs: [Reference] = []
    /// JSON texts, one behind the other.
    var bytes: [UInt8] = []
    /// The promoted texts of each span, as places in ``strings``, -1 for none.
    var texts: [Int32] = []
    var strings: [String] = []
    var traces: [TraceID] = []
    var correlations: [MessageKey] = []
    var resources: [Resource] = []
    var scopes: [InstrumentationScope] = []

    /// How many spans of the batch have ended.
    var endedCount = 0
    /// True when somebody sent the spans and may send them again: what the store has already is left out.
    var mayRepeat = false
}
