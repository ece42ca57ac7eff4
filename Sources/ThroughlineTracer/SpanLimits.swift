/// How much one span may hold (OpenTelemetry, trace/sdk.md, Span Limits). What goes beyond is left out and counted.
public struct SpanLimits: Hashable, Sendable {
    /// Attributes a span; 128 by default.
    public var attributes = 128
    /// Events a span; 128 by default.
    public var events = 128
    /// Links a span; 1024 by default. The specification says 128, which a Kafka batch of 500 messages exceeds: every
    /// message beyond would lose its place in its flow without anybody noticing.
    public var links = 1024
    /// Attributes an event; 128 by default.
    public var attributesPerEvent = 128
    /// Attributes a link; 128 by default.
    public var attributesPerLink = 128
    /// The length of a text value in Unicode scalars; nil, the default, for no limit.
    public var attributeValueLength: Int?

    /// The defaults.
    public init() {}
}
