internal import CRDKafka
internal import Throughline

extension ClientHandle {
    /// Puts a copy of the message into librdkafka's queue, without blocking.
    ///
    /// - Returns: Why that was not possible, or nil; only after nil will there be a report with this id.
    func produce(_ message: KafkaMessage, id: UInt) -> KafkaError? {
        let subject = "Sending to topic \(message.topic) failed"
        // C would read the name up to the first zero byte and send to another topic.
        guard !message.topic.utf8.contains(0) else {
            return KafkaError(.invalidArgument, subject, reason: "the name has a zero byte")
        }
        let partition = message.partition ?? RD_KAFKA_PARTITION_UA
        let headers = message.headers.isEmpty ? nil : Self.headers(message.headers)
        let failure = message.topic.withCString { topic in
            Self.withBytes(message.key) { key, keyCount in
                Self.withBytes(message.value) { value, valueCount in
                    var parts = [rd_kafka_vu_t]()
                    parts.reserveCapacity(8)
                    parts.append(.init(RD_KAFKA_VTYPE_TOPIC) { $0.cstr = topic })
                    parts.append(.init(RD_KAFKA_VTYPE_PARTITION) { $0.i32 = partition })
                    parts.append(.init(RD_KAFKA_VTYPE_MSGFLAGS) { $0.i = RD_KAFKA_MSG_F_COPY })
                    parts.append(.init(RD_KAFKA_VTYPE_KEY) { ($0.mem.ptr, $0.mem.size) = (key, keyCount) })
                    parts.append(.init(RD_KAFKA_VTYPE_VALUE) { ($0.mem.ptr, $0.mem.size) = (value, valueCount) })
                    parts.append(.init(RD_KAFKA_VTYPE_OPAQUE) { $0.ptr = UnsafeMutableRawPointer(bitPattern: id) })
                    if let timestamp = message.timestamp {
                        let milliseconds = Int64(timestamp.nanosecondsSinceEpoch / 1_000_000)
                        parts.append(.init(RD_KAFKA_VTYPE_TIMESTAMP) { $0.i64 = milliseconds })
                    }
                    if let headers { parts.append(.init(RD_KAFKA_VTYPE_HEADERS) { $0.headers = headers }) }
                    return KafkaError(consuming: rd_kafka_produceva(pointer, parts, parts.count), subject)
                }
            }
        }
        // librdkafka owns the headers from success on, the caller after a failure.
        if failure != nil, let headers { rd_kafka_headers_destroy(headers) }
        return failure
    }

    private static func headers(_ headers: [KafkaHeader]) -> OpaquePointer? {
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            withBytes(header.value) { value, count in
                _ = header.name.withCString { name in
                    rd_kafka_header_add(list, name, header.name.utf8.count, value, count)
                }
            }
        }
        return list
    }

    /// Nil stays a null pointer, and empty becomes a pointer to nothing: to Kafka they differ.
    private static func withBytes<Result>(
        _ bytes: [UInt8]?, _ body: (UnsafeMutableRawPointer?, Int) -> Result
    ) -> Result {
        guard let bytes else { return body(nil, 0) }
        guard !bytes.isEmpty else {
            var nothing: UInt8 = 0
            return withUnsafeMutableBytes(of: &nothing) { body($0.baseAddress, 0) }
        }
        // Only copied from, in spite of its type.
        return bytes.withUnsafeBytes { body(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) }
    }
}

extension rd_kafka_vu_t {
    fileprivate init(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_t.__Unnamed_union_u) -> Void) {
        self.init()
        vtype = type
        set(&u)
    }
}
