import ThroughlineContext
public import ThroughlineModel

/// Names operations on messages, and a sampler for them.
public struct SamplingRule: Sendable {
    /// The operation; nil for any.
    public var operation: MessagingOperation?
    /// The broker, as `messaging.system` has it; nil for any.
    public var system: String?
    private let destination: Wildcard?
    private let messageType: Wildcard?
    /// Decides where the rule fits.
    public var sampler: any Sampler

    /// Makes a rule; what is left out fits anything.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - system: The broker, as `messaging.system` has it.
    ///   - destination: The topic, queue, exchange, subject or stream; `*` stands for any text.
    ///   - messageType: The type of the message; `*` stands for any text.
    ///   - sampler: Decides where the rule fits.
    public init(
        operation: MessagingOperation? = nil, system: String? = nil, destination: String? = nil,
        messageType: String? = nil, _ sampler: any Sampler
    ) {
        self.operation = operation
        self.system = system
        self.destination = destination.map(Wildcard.init)
        self.messageType = messageType.map(Wildcard.init)
        self.sampler = sampler
    }

    func fits(_ message: SamplingHint) -> Bool {
        if let operation, operation.rawValue != message.operation { return false }
        if let system, system != message.system { return false }
        return Self.fits(destination, message.destination) && Self.fits(messageType, message.messageType)
    }

    private static func fits(_ pattern: Wildcard?, _ text: String?) -> Bool {
        guard let pattern else { return true }
        return text.map(pattern.fits) ?? false
    }
}
