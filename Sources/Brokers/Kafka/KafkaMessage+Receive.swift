internal import CRDKafka
internal import Throughline

extension KafkaMessage {
    /// Copies a message of librdkafka's.
    init(_ raw: UnsafePointer<rd_kafka_message_t>, group: String) {
        let topic = raw.pointee.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? ""
        self.init(
            topic: topic, key: Self.bytes(raw.pointee.key, raw.pointee.key_len),
            value: Self.bytes(raw.pointee.payload, raw.pointee.len), headers: Self.headers(raw),
            partition: raw.pointee.partition, timestamp: Self.timestamp(raw))
        self.offset = raw.pointee.offset
        self.group = group
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    private static func timestamp(_ raw: UnsafePointer<rd_kafka_message_t>) -> Timestamp? {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(raw, &kind)
        guard kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, milliseconds >= 0 else { return nil }
        // Another producer may write any 64 bits there.
        let (nanoseconds, isTooMuch) = UInt64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
        return isTooMuch ? nil : Timestamp(nanosecondsSinceEpoch: nanoseconds)
    }

    private static func headers(_ raw: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(rd_kafka_header_cnt(list))
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR {
            headers.append(KafkaHeader(name.map { String(cString: $0) } ?? "", bytes(value, count)))
        }
        return headers
    }
}
