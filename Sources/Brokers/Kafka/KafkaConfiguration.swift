/// How to reach a Kafka cluster, and the few settings that matter to most programs.
public struct KafkaConfiguration: Sendable {
    /// Some of the cluster's brokers as `host:port`; the others are learnt from them.
    public var bootstrapServers: [String]
    /// What the brokers' logs call this client. Default: `throughline`.
    public var clientID = "throughline"
    /// The consumer group; consumers need one, producers do not.
    public var groupID: String?

    /// How long a consumer may be silent before its partitions go to others. Default: 45 s, as Java's client. A first
    /// join may take about half of it on some brokers.
    public var sessionTimeout: Duration = .seconds(45)
    /// How often a consumer commits what was settled, at the latest. Default: 1 s. What was settled but not committed
    /// when a process dies is delivered again.
    public var commitInterval: Duration = .seconds(1)
    /// How many messages a consumer keeps ready for `receive`, at most. Default: 1,000. librdkafka fetches ahead of that
    /// within `queued.max.messages.kbytes`.
    public var prefetch = 1_000

    /// How long a producer tries to deliver a message before `send` fails. Default: 30 s.
    public var deliveryTimeout: Duration = .seconds(30)

    /// Settings of librdkafka by their own names (TLS, SASL, compression, …). They win over everything above.
    public var additional: [String: String] = [:]

    /// Makes a configuration with defaults for everything else.
    public init(bootstrapServers: [String], groupID: String? = nil) {
        self.bootstrapServers = bootstrapServers
        self.groupID = groupID
    }

    /// Makes a configuration for one bootstrap server, or several separated by commas.
    public init(_ bootstrapServers: String, groupID: String? = nil) {
        self.init(bootstrapServers: bootstrapServers.split(separator: ",").map(String.init), groupID: groupID)
    }
}

extension KafkaConfiguration {
    /// What every client needs.
    var commonSettings: [String: String] {
        ["bootstrap.servers": bootstrapServers.joined(separator: ","), "client.id": clientID]
            .merging(additional) { $1 }
    }

    var producerSettings: [String: String] {
        let defaults = [
            "enable.idempotence": "true",
            "message.timeout.ms": deliveryTimeout.wholeMilliseconds,
            // Whoever awaits each send pays the linger each time; concurrent sends are batched all the same, because
            // what arrives while a request is under way leaves with the next.
            "linger.ms": "0",
            // Java's partitioner, so that the same key lands in the same partition whatever the language.
            "partitioner": "murmur2_random",
        ]
        return defaults.merging(commonSettings) { $1 }
    }

    func consumerSettings() throws(KafkaError) -> [String: String] {
        guard let groupID, !groupID.isEmpty else {
            throw KafkaError(
                .invalidArgument, "Making a consumer failed", reason: "there is no group",
                advice: "Set KafkaConfiguration.groupID.")
        }
        // Committing by itself would commit messages that nobody has settled.
        for name in ["enable.auto.commit", "enable.auto.offset.store"] where additional[name] != nil {
            throw KafkaError(
                .invalidArgument, "Making a consumer failed", reason: "the setting \(name) belongs to KafkaConsumer",
                advice: "Remove it from KafkaConfiguration.additional; settle messages to have them committed.")
        }
        let defaults = [
            "group.id": groupID,
            "session.timeout.ms": sessionTimeout.wholeMilliseconds,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
        ]
        return defaults.merging(commonSettings) { $1 }
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: String {
        String(components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
