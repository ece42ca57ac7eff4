internal import CRDKafka

/// What went wrong between this process and Kafka, to what it happened, and what to do about it.
public struct KafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A code of librdkafka (negative: its own; positive: the broker's), so that its documentation applies.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The number.
        public let rawValue: Int32

        /// Makes a code of librdkafka's number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        init(_ code: rd_kafka_resp_err_t) { self.init(rawValue: code.rawValue) }

        /// The producer or consumer has been closed.
        public static let closed = Code(RD_KAFKA_RESP_ERR__DESTROY)
        /// The message was not confirmed within ``KafkaConfiguration/deliveryTimeout``.
        public static let messageTimedOut = Code(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        /// Something else did not finish in its time.
        public static let timedOut = Code(RD_KAFKA_RESP_ERR__TIMED_OUT)
        /// The producer was closed before the message left this process.
        public static let abandonedInQueue = Code(RD_KAFKA_RESP_ERR__PURGE_QUEUE)
        /// The producer was closed while the message was on its way: it may or may not have arrived.
        public static let abandonedInFlight = Code(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        /// A setting or an argument cannot be right.
        public static let invalidArgument = Code(RD_KAFKA_RESP_ERR__INVALID_ARG)
        /// Kafka has no such operation.
        public static let notSupported = Code(RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED)
        /// The broker knows no such topic or partition.
        public static let unknownTopic = Code(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        /// The topic is there already.
        public static let topicAlreadyExists = Code(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        /// The message is larger than client or broker allow.
        public static let messageTooLarge = Code(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        /// Authentication failed.
        public static let authenticationFailed = Code(RD_KAFKA_RESP_ERR__AUTHENTICATION)

        static let queueFull = Code(RD_KAFKA_RESP_ERR__QUEUE_FULL)
    }

    /// What went wrong, for programs.
    public let code: Code
    /// The code's name as librdkafka spells it, such as `_MSG_TIMED_OUT`.
    public let name: String
    /// What happened, and to what.
    public let message: String
    /// What to do about it.
    public let advice: String

    /// All of it in a line.
    public var description: String { "\(message) (\(name), \(code.rawValue)). \(advice)" }

    /// - Parameter subject: What it happened to, as the start of a sentence: "Sending to topic orders failed".
    init(_ code: Code, _ subject: String, reason: String? = nil, advice: String? = nil) {
        let raw = rd_kafka_resp_err_t(rawValue: code.rawValue)
        self.code = code
        self.name = rd_kafka_err2name(raw).map { String(cString: $0) } ?? "unknown"
        let reason = reason ?? rd_kafka_err2str(raw).map { String(cString: $0) } ?? "no reason given"
        self.message = "\(subject): \(reason)"
        self.advice = advice ?? Self.advice(code)
    }

    init(_ code: rd_kafka_resp_err_t, _ subject: String, reason: String? = nil) {
        self.init(Code(code), subject, reason: reason)
    }

    /// Takes over an error object of librdkafka.
    init?(consuming error: OpaquePointer?, _ subject: String) {
        guard let error else { return nil }
        defer { rd_kafka_error_destroy(error) }
        self.init(
            rd_kafka_error_code(error), subject, reason: rd_kafka_error_string(error).map { String(cString: $0) })
    }

    private static func advice(_ code: Code) -> String {
        switch code {
        case .closed: "Make a new producer or consumer."
        case .messageTimedOut, .timedOut: "Check that the bootstrap servers are reachable, then try again."
        case .abandonedInQueue: "The broker never saw it: send it again, or give close a longer deadline."
        case .abandonedInFlight: "Send it again only if its handlers bear duplicates."
        case .invalidArgument: "Correct the setting or argument."
        case .unknownTopic:
            "Create the topic, with KafkaAdmin.createTopic for one. A consumer goes on waiting for it at the next receive."
        case .topicAlreadyExists: "Use it as it is, or choose another name."
        case .messageTooLarge:
            "Raise message.max.bytes here and on the broker, or store the body elsewhere and send a reference."
        case .authenticationFailed: "Check the sasl.* and ssl.* settings in KafkaConfiguration.additional."
        default: "librdkafka's documentation explains the code by its name."
        }
    }
}
