public import ThroughlineModel

/// One message of a flow, however often it was sent on, delivered or replayed.
public struct Message: Identifiable, Sendable {
    /// What tells one message from every other.
    public enum ID: Hashable, Sendable {
        /// The id that travels with it.
        case named(String)
        /// The id that travels with it, which other messages of its flow have too; of these it is that one, from 2.
        case namesake(String, Int)
        /// It has none: the operation that created it, or that handled it when nobody recorded its creation.
        case created(Operation.ID)
    }

    /// The id that travels with it, or the operation that stands for it.
    public let id: ID
    /// The type, such as `OrderPlaced`.
    public var type: String?
    /// Event, command or reply.
    public var intent: MessageIntent?
    /// The id that all messages of the flow share.
    public var correlationID: String?
    /// The messages whose handling published this one; empty at a root of the flow.
    public var causes: [ID] = []
    /// How many messages it stands for: more than one where a span counts the messages of a batch and names none of them.
    public var count = 1
    /// False when some other message names it as its cause and no span is about it.
    public var isRecorded = true

    init(id: ID, isRecorded: Bool) {
        self.id = id
        self.isRecorded = isRecorded
    }

    /// What to call it: its type, else the word message, and how many there are.
    public var title: String {
        if count == 1 { return type ?? "message" }
        return type.map { "\($0) ×\(FoldingText.grouped(count))" } ?? "\(FoldingText.grouped(count)) messages"
    }
}

extension Message.ID: Comparable {
    /// By text, those without an id last; the order means nothing.
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.created(let left), .created(let right)): left < right
        case (.created, _): false
        case (_, .created): true
        default: (left.text ?? "", left.number) < (right.text ?? "", right.number)
        }
    }
}

extension Message.ID: CustomStringConvertible {
    /// The id that travels with the message, such as `42`, and `42 (2)` for the second of a flow that has it; else the
    /// trace and span id of the operation that created it.
    public var description: String {
        switch self {
        case .named(let id): id
        case .namesake(let id, let number): "\(id) (\(number))"
        case .created(let operation): "\(operation.traceID)-\(operation.spanID)"
        }
    }

    /// The id that travels with the message; nil when it has none.
    public var text: String? {
        switch self {
        case .named(let id), .namesake(let id, _): id
        case .created: nil
        }
    }

    private var number: Int {
        if case .namesake(_, let number) = self { return number }
        return 1
    }
}

/// One message on one destination.
public struct Publication: Identifiable, Sendable {
    /// Why the message came to stand on the destination.
    public enum Reason: Hashable, Sendable {
        /// Its sender sent it there.
        case sent
        /// It was given up elsewhere and set aside here.
        case deadLettered
        /// It was sent once more.
        case replayed
        /// The broker moved it here from another destination; no span shows that.
        case routed(from: String)
    }

    /// What tells one publication from every other.
    public struct ID: Hashable, Sendable {
        /// The message.
        public var message: Message.ID
        /// Where it stands; empty when no span says.
        public var destination: String
        /// Why it stands there.
        public var reason: Reason
    }

    /// Message, destination and reason.
    public let id: ID
    /// The broker, such as `kafka`.
    public var system: String?
    /// The operations that sent it, in time order; empty when nobody recorded them.
    public var senders: [Operation.ID] = []
    /// The services of those operations, each once.
    public var services: [String] = []
    /// When sending began.
    public var began: Timestamp?
    /// When the broker had it, as far as the senders know.
    public var sent: Timestamp?
    /// When it was written down to be sent later, in an outbox or a schedule; nil when it was sent at once.
    public var appended: Timestamp?
    /// Nanoseconds from then until sending began.
    public var dwellTime: UInt64?
    /// When it was to be sent, for a scheduled message.
    public var due: Timestamp?
    /// Why the sender is not there, when it is not; the reason that fits what arrived with the message.
    public var missingSender: Gap.Reason?

    init(id: ID) {
        self.id = id
    }
}
