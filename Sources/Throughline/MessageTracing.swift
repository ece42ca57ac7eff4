import Synchronization
import ThroughlineModel
public import Tracing

/// The middleware: gives every message its ids, carries trace context in its headers, and records what happens to it.
///
/// Two verbs go around what the application does already:
///
/// ```swift
/// try await tracing.publish(message) { try await client.send($0) }
/// for try await message in client.messages {
///     try await tracing.process(message) { try await handle($0) }
/// }
/// ```
///
/// Works with whatever tracer is bootstrapped, and gives the ids when none is. A failure of tracing is never a
/// failure of messaging: headers that cannot be read are left aside, counted, and noted on the span.
public struct MessageTracing: Sendable {
    /// Settings, each with a default that follows the messaging conventions.
    public struct Configuration: Sendable {
        /// The tracer; nil, the default, means the one that is current when a message is published or processed.
        public var tracer: (any Tracer)?
        /// How a single message's process span relates to its sender's trace; ``PropagationPolicy/child`` by default.
        public var policy: PropagationPolicy = .child
        /// A message that waited longer than this starts a trace of its own and links; one hour by default, nil for
        /// no such limit.
        public var linkWhenOlderThan: Duration? = .seconds(3600)
        /// Whether settling a message makes a span; true by default.
        public var settleSpans = true
        /// Whether the body's size is recorded, opt-in by the conventions; false by default.
        public var recordsBodySize = false
        /// The header schemes that are understood, in this order; all by default.
        public var reads: [HeaderScheme] = HeaderScheme.allCases
        /// The header scheme that is written; ``WrittenScheme/plain`` by default.
        public var writes = WrittenScheme.plain
        /// How much room there is for our headers; nil, the default, for no limit.
        public var headerLimit: HeaderLimit?
        /// Takes a fingerprint of payloads of at most so many bytes; nil, the default, looks at no payload.
        public var fingerprintLimit: Int?
        /// Keeps the messaging metrics; nil, the default, keeps none.
        public var metrics: MessagingMetrics?
        /// Whether the names that the conventions had up to v1.24 are recorded beside those of today; as
        /// `OTEL_SEMCONV_STABILITY_OPT_IN` says by default, which asks for it with `messaging/dup`.
        public var recordsOldNames = SemanticConventions.recordsOldNames
        /// Makes the ids of messages that have none; UUIDs of version 7 by default.
        public var messageIDs: MessageIDGenerator = .uuidV7
        /// The clock that queue times are measured with; the system's by default.
        public var now: @Sendable () -> Timestamp = {
            Timestamp(nanosecondsSinceEpoch: DefaultTracerClock.now.nanosecondsSinceEpoch)
        }

        /// The defaults.
        public init() {}
    }

    /// The settings given at the start.
    public let configuration: Configuration
    let attempts = AttemptMemory()
    /// Asked once, because asking is a cast; nil when the tracer is whichever is current.
    let configuredTracerReadsHints: Bool?

    /// Makes a middleware.
    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        configuredTracerReadsHints = configuration.tracer.map(Self.readsHints)
    }

    /// How many headers could not be used since this middleware was made: malformed, repeated or too long.
    public var ignoredHeaderCount: Int { attempts.ignoredHeaders.load(ordering: .relaxed) }

    var tracer: any Tracer { configuration.tracer ?? InstrumentationSystem.tracer }

    /// What injects and extracts: a tracer of our own choosing, or everything that is bootstrapped, which may be more
    /// than the tracer.
    var instrument: any Instrument { configuration.tracer ?? InstrumentationSystem.instrument }

    /// How many headers were left out since this middleware was made, because there was no room for them.
    public var omittedHeaderCount: Int { attempts.omittedHeaders.load(ordering: .relaxed) }

    func note(omitted headers: [String], on span: any Span) {
        if headers.isEmpty { return }
        attempts.omittedHeaders.add(headers.count, ordering: .relaxed)
        span.updateAttributes { $0.set(ThroughlineAttribute.omittedHeaders, value: .stringArray(headers)) }
    }

    func note(ignored headers: [String]) {
        if !headers.isEmpty { attempts.ignoredHeaders.add(headers.count, ordering: .relaxed) }
    }
}
