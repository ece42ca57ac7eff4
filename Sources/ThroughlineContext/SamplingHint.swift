public import Tracing

/// What a messaging operation is about, told to a sampler before the operation's span exists.
///
/// swift-distributed-tracing gives a span neither attributes nor links at its start. The middleware hands this down in
/// the context instead, to tracers whose sampler reads it and to no others, so that nobody else pays for it.
public struct SamplingHint: Sendable {
    /// The type of the operation, as `messaging.operation.type` has it: `create`, `send`, `process` or `settle`.
    public var operation: String
    /// The broker, as `messaging.system` has it.
    public var system: String
    /// The topic, queue, exchange, subject or stream; nil for a batch of several.
    public var destination: String?
    /// The type of the message, such as `OrderPlaced`.
    public var messageType: String?
    /// What the message is meant to be: `event`, `command` or `reply`.
    public var intent: String?
    /// The id that all messages of the flow share; nil for a batch of several flows.
    public var correlationID: String?
    /// True for a message that is sent or handled once more on purpose.
    public var isReplay: Bool
    /// The contexts that the span will link to as where its messages came from.
    public var origins: [ServiceContext]

    /// Makes a hint, for testing a sampler.
    public init(
        operation: String, system: String, destination: String? = nil, messageType: String? = nil,
        intent: String? = nil, correlationID: String? = nil, isReplay: Bool = false, origins: [ServiceContext] = []
    ) {
        self.operation = operation
        self.system = system
        self.destination = destination
        self.messageType = messageType
        self.intent = intent
        self.correlationID = correlationID
        self.isReplay = isReplay
        self.origins = origins
    }
}

/// A tracer that may have a use for hints.
package protocol SamplingHintReader {
    /// False when a hint would be made for nothing.
    var readsSamplingHints: Bool { get }
}

private enum SamplingHintKey: ServiceContextKey {
    typealias Value = SamplingHint
    static var nameOverride: String? { "throughline-sampling-hint" }
}

private enum OriginsKey: ServiceContextKey {
    typealias Value = [ServiceContext]
    static var nameOverride: String? { "throughline-origins" }
}

extension ServiceContext {
    /// What the span that is about to start is about. The tracer takes it out, so that no child inherits it.
    package var samplingHint: SamplingHint? {
        get { self[SamplingHintKey.self] }
        set { self[SamplingHintKey.self] = newValue }
    }

    /// Where the messages came from that a part of a batch's handling is about, when a sampler wants to know.
    package var messageOrigins: [ServiceContext]? {
        get { self[OriginsKey.self] }
        set { self[OriginsKey.self] = newValue }
    }
}
