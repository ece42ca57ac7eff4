package import FlowFixtures

/// Headers and bodies that are nearly right, for fuzzing what reads them: the same in the tests and in `HeaderFuzz`.
package enum HeaderCorpus {
    private static let names =
        [
            "traceparent", "tracestate", "baggage", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled",
            "uber-trace-id", "uberctx-k", "jaeger-baggage", "jaeger-debug-id", "x-b3-traceid", "x-b3-spanid",
            "X-Amzn-Trace-Id", "x-amzn-trace-id", "AWSTraceHeader", "parent-id", "MT-Activity-Id", "Diagnostic-Id",
            "id",
            "conversation-id", "message-type",
            "MessageId", "ConversationId", "CorrelationId", "MT-InitiatorId", "MT-MessageType", "NServiceBus.MessageId",
            "NServiceBus.ConversationId", "NServiceBus.RelatedTo", "NServiceBus.EnclosedMessageTypes",
            "NServiceBus.MessageIntent", "message-id", "correlation-id", "causation-id", "message-intent",
            "event-scope",
            "schema-version", "dead-letter-origin", "dead-letter-reason", "dead-letter-attempts",
            "dead-letter-first-failure", "replay-of", "replay-count", "replay-group", "replay-attempts",
        ] + ["specversion", "id", "type", "correlationid", "causationid", "traceparent"].map { "ce_" + $0 }

    private static let values = [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "a=1,b=2,vendor@tenant=x", "key=value;property,other=%20%C3%A4",
        "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1",
        "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1",
        "Shop.OrderPlaced, Shop, Version=1.0;Shop.IEvent", "urn:message:Shop:OrderPlaced",
        "0198b2c4-7d5e-7000-8000-000000000001",
        "a,b,c", "event", "2026-08-20T10:00:00.123Z", "7", "", " ", "\r\nX-Evil: 1", "ü🚀",
        String(repeating: "k=v,", count: 3_000),
    ]

    private static let bodies = [
        #"{"specversion":"1.0","id":"e2","type":"t","correlationid":"c","causationid":"e1","data":{"a":[1,2,{"b":null}]}}"#,
        #"{"messageId":"m","conversationId":"c","initiatorId":"i","messageType":["urn:message:A:B"],"message":{}}"#,
        String(repeating: "[", count: 500), #"{"a":"\ud83d\ude80\u0000\q","b":1e999,"c":-0.0,"d":tru}"#,
    ].map { Array($0.utf8) }

    /// A few headers, each of a known name and a value that may have been damaged.
    package static func headers(_ random: inout SeededGenerator) -> [String: String] {
        var headers: [String: String] = [:]
        for _ in 0..<(1 + random.next() % 8) {
            headers[names[Int(random.next() % UInt64(names.count))]] = value(&random)
        }
        return headers
    }

    private static func value(_ random: inout SeededGenerator) -> String {
        var bytes = Array(values[Int(random.next() % UInt64(values.count))].utf8)
        if random.next() % 2 == 0 { mutate(&bytes, &random) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Changes, cuts, inserts and repeats a few bytes.
    package static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<(1 + random.next() % 6) {
            let place = Int(random.next() % UInt64(max(1, bytes.count)))
            switch random.next() % 4 {
            case 0 where !bytes.isEmpty: bytes[place % bytes.count] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.removeLast(min(bytes.count, Int(random.next() % 20)))
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: min(place, bytes.count))
            default: bytes += bytes.prefix(Int(random.next() % 30))
            }
        }
    }

    /// A body that may have been damaged.
    package static func body(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bodies[Int(random.next() % UInt64(bodies.count))]
        mutate(&bytes, &random)
        return bytes
    }
}
