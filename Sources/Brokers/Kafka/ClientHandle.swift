internal import CRDKafka
internal import Foundation

/// A `rd_kafka_t` or `rd_kafka_queue_t`.
///
/// `@unchecked Sendable`: librdkafka's API is completely thread-safe (its INTRODUCTION.md, "Threads and callbacks").
/// What is left to us is that nobody uses a handle after it was destroyed: the owners keep it behind the lock under
/// which they also take it away.
struct ClientHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - target: What the callbacks get. The caller keeps it alive until the client is destroyed.
    ///   - callbacks: Sets the callbacks on the `rd_kafka_conf_t`.
    init(
        _ type: rd_kafka_type_t, settings: [String: String], target: AnyObject? = nil,
        callbacks: (OpaquePointer) -> Void = { _ in }
    ) throws(KafkaError) {
        guard let configuration = rd_kafka_conf_new() else {
            throw KafkaError(.init(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE), "Making a Kafka client failed")
        }
        var reason = [CChar](repeating: 0, count: 512)
        // In the order of names, so that of several mistakes always the same is reported.
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            guard rd_kafka_conf_set(configuration, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw KafkaError(.invalidArgument, "The setting \(name) was refused", reason: Self.text(reason))
            }
        }
        if let target { rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(target).toOpaque()) }
        callbacks(configuration)
        guard let pointer = rd_kafka_new(type, configuration, &reason, reason.count) else {
            rd_kafka_conf_destroy(configuration)
            throw KafkaError(.invalidArgument, "Making a Kafka client failed", reason: Self.text(reason))
        }
        self.pointer = pointer
    }

    init(queue: OpaquePointer) {
        pointer = queue
    }

    /// The error behind `RD_KAFKA_RESP_ERR__FATAL`, after which a client is of no more use.
    func fatalError(_ subject: String) -> KafkaError {
        var reason = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(pointer, &reason, reason.count)
        return KafkaError(.init(code), subject, reason: Self.text(reason), advice: "Make a new producer or consumer.")
    }

    /// What C wrote into a buffer of ours.
    static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Runs blocking work on a thread of its own, never on Swift's cooperative pool.
func startThread(_ name: String, _ work: @escaping @Sendable () -> Void) {
    let thread = Thread(block: work)
    thread.name = name
    thread.start()
}
