import Testing
import Throughline
import ThroughlineKafka
import ThroughlineModel
import ThroughlineTracer

@Suite struct TracedKafkaTests {
    let broker = TestBroker.shared
    let bench = TracingBench()

    @Test func `A chain over two topics keeps its ids, its trace and its causes`() async throws {
        let orders = try await broker.topic("orders")
        let payments = try await broker.topic("payments")
        let placing = try KafkaProducer(broker.configuration())
        let charging = try KafkaProducer(broker.configuration())
        let charges = TracedProducer(charging, tracing: bench.tracing("billing"))
        try await TracedProducer(placing, tracing: bench.tracing("orders")).send(
            KafkaMessage(topic: orders, key: "order-42", value: "42"), type: "OrderPlaced", intent: .event)
        let placed = try await bench.handle(1, of: orders, group: "\(orders)-billing", service: "billing") { _ in
            try await charges.send(KafkaMessage(topic: payments, value: "paid"), type: "PaymentCharged")
        }
        let charged = try await bench.handle(1, of: payments, group: "\(payments)-shipping", service: "shipping") { _ in
        }
        try await placing.close()
        try await charging.close()

        // On the wire: each name once, and no cause at the root.
        let first = try #require(placed.first)
        let second = try #require(charged.first)
        let names = first.headers.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(first["message-id"] != nil && first["message-id"] == first["correlation-id"])
        #expect(first["causation-id"] == nil)
        #expect(first["message-type"] == "OrderPlaced" && first["message-intent"] == "event")
        #expect(second["causation-id"] == first["message-id"])
        #expect(second["correlation-id"] == first["message-id"])
        #expect(second["message-id"] != first["message-id"])

        let spans = await bench.spans()
        let sent = try #require(spans.first { $0.name == "send \(orders)" })
        let processed = try #require(spans.first { $0.name == "process \(orders)" })
        let acknowledged = try #require(spans.first { $0.name == "ack \(orders)" })
        let resent = try #require(spans.first { $0.name == "send \(payments)" })
        let reprocessed = try #require(spans.first { $0.name == "process \(payments)" })
        #expect(spans.count == 6)
        #expect(Set(spans.map(\.traceID)).count == 1)
        #expect(spans.allSatisfy { $0.status == .unset })

        // Each is the child of the one before, across processes; what handles a message links to its sending as well.
        #expect(sent.parentID == nil)
        for (child, parent) in [
            (processed, sent), (resent, processed), (acknowledged, processed), (reprocessed, resent),
        ] {
            #expect(child.parentID == parent.spanID)
            #expect(child.parentIsRemote == (child.kind == .consumer))
        }
        #expect(SpanContext(traceParent: first["traceparent"] ?? "")?.spanID == sent.spanID)
        #expect(processed.links.map(\.type) == [.creation] && processed.links.first?.context.spanID == sent.spanID)
        #expect(acknowledged.links.map(\.type) == [.creation])
        #expect([sent, processed, acknowledged].map(\.kind) == [.producer, .consumer, .client])

        for span in [sent, processed, acknowledged] {
            #expect(span.attributes[MessagingAttribute.system] == "kafka")
            #expect(span.attributes[MessagingAttribute.destinationName] == .string(orders))
            #expect(span.attributes[MessagingAttribute.kafkaMessageKey] == "order-42")
            #expect(span.attributes[MessagingAttribute.messageID]?.stringValue == first["message-id"])
            #expect(span.attributes[MessagingAttribute.conversationID]?.stringValue == first["message-id"])
            #expect(span.attributes[ThroughlineAttribute.messageType] == "OrderPlaced")
        }
        for span in [processed, acknowledged] {
            #expect(span.attributes[MessagingAttribute.consumerGroup] == .string("\(orders)-billing"))
            #expect(span.attributes[MessagingAttribute.partitionID] == "0")
            #expect(span.attributes[MessagingAttribute.kafkaOffset] == 0)
        }
        #expect(processed.attributes[ThroughlineAttribute.settlement] == "acknowledged")
        let enqueued = try #require(processed.attributes[ThroughlineAttribute.enqueuedTime]?.intValue)
        let waited = try #require(processed.attributes[ThroughlineAttribute.queueTime]?.intValue)
        #expect(waited >= 0)
        // Kafka's clock has milliseconds only.
        #expect(UInt64(enqueued) + 1_000_000 >= sent.start.nanosecondsSinceEpoch)
        #expect(resent.attributes[ThroughlineAttribute.causationID]?.stringValue == first["message-id"])
        #expect(resent.attributes[MessagingAttribute.conversationID]?.stringValue == first["message-id"])
        #expect(
            spans.map(\.resource.serviceName).sorted { ($0 ?? "") < ($1 ?? "") }
                == ["billing", "billing", "billing", "orders", "shipping", "shipping"])
    }

    @Test func `A batch links to each of its messages, and what it sends is caused by all of them`() async throws {
        let orders = try await broker.topic("orders")
        let reports = try await broker.topic("reports")
        let producer = try KafkaProducer(broker.configuration())
        let placing = TracedProducer(producer, tracing: bench.tracing("orders"))
        let reporting = TracedProducer(producer, tracing: bench.tracing("analytics"))
        for number in 0..<5 { try await placing.send(KafkaMessage(topic: orders, value: "\(number)")) }
        let handled = try await bench.handleBatches(5, of: orders, group: "\(orders)-analytics", service: "analytics") {
            try await reporting.send(KafkaMessage(topic: reports, value: "\($0.count)"))
        }
        let batches = handled.count
        let summaries = try await bench.handle(batches, of: reports, group: "\(reports)-mail", service: "mail") { _ in }
        try await producer.close()

        let spans = await bench.spans()
        let sent = spans.filter { $0.name == "send \(orders)" }
        let processed = spans.filter { $0.name == "process \(orders)" }
        #expect(processed.count == batches)
        #expect(Set(sent.map(\.traceID)).isDisjoint(with: processed.map(\.traceID)))
        for (span, messages) in zip(processed, handled) {
            #expect(span.parentID == nil)
            #expect(span.attributes[MessagingAttribute.batchMessageCount] == .int(Int64(messages.count)))
            #expect(span.attributes[MessagingAttribute.consumerGroup] == .string("\(orders)-analytics"))
            #expect(span.links.allSatisfy { $0.type == .batchMember })
            let ids = messages.map { $0["message-id"] }
            #expect(span.links.map { $0.attributes[MessagingAttribute.messageID]?.stringValue } == ids)
            #expect(
                span.links.map(\.context.spanID)
                    == ids.map { id in
                        sent.first { $0.attributes[MessagingAttribute.messageID]?.stringValue == id }?.spanID
                    })
        }
        #expect(processed.flatMap(\.links).count == 5)
        #expect(spans.count { $0.name == "ack \(orders)" } == 5, "each message is settled by itself")
        for (messages, summary) in zip(handled, summaries) {
            #expect(summary["causation-id"] == messages.compactMap { $0["message-id"] }.joined(separator: ","))
        }
    }

    @Test func `Attempts are counted, linked to the one before, and end at the limit`() async throws {
        struct CardRefused: Error {}
        let topic = try await broker.topic("retry")
        let producer = try KafkaProducer(broker.configuration())
        let sending = TracedProducer(producer, tracing: bench.tracing("orders"))
        for text in ["refused", "fine"] { try await sending.send(KafkaMessage(topic: topic, value: text)) }
        try await producer.close()
        let group = "\(topic)-billing"
        let deliveries = try await bench.handle(4, of: topic, group: group, service: "billing") {
            if $0.text == "refused" { throw CardRefused() }
        }
        #expect(deliveries.map(\.text) == ["refused", "refused", "refused", "fine"])
        #expect(deliveries.map(\.attempt) == [nil, 2, 3, nil])

        let spans = await bench.spans()
        let attempts = spans.filter { $0.name == "process \(topic)" }
        #expect(attempts.map { $0.attributes[ThroughlineAttribute.attempt] } == [nil, 2, 3, nil])
        #expect(
            attempts.map { $0.attributes[ThroughlineAttribute.settlement] }
                == ["requeued", "requeued", "rejected", "acknowledged"])
        #expect(attempts.map(\.status.code) == [.error, .error, .error, .unset])
        #expect(
            attempts.prefix(3).allSatisfy {
                $0.attributes[MessagingAttribute.errorType]?.stringValue?.hasSuffix("CardRefused") == true
            })
        #expect(
            attempts.map { $0.links.first { $0.type == .retryOf }?.context.spanID }
                == [nil, attempts[0].spanID, attempts[1].spanID, nil])
        #expect(Set(attempts.prefix(3).map { $0.attributes[MessagingAttribute.messageID] }).count == 1)
        #expect(attempts.prefix(3).allSatisfy { $0.traceID == attempts[0].traceID })
        let settled = spans.filter { $0.kind == .client }.map(\.name)
        #expect(settled == ["nack", "nack", "reject", "ack"].map { "\($0) \(topic)" })

        // A rejected message is done with: the group goes on after it.
        let later = try KafkaProducer(broker.configuration())
        _ = try await later.send(KafkaMessage(topic: topic, value: "later"))
        try await later.close()
        let rest = try await bench.handle(1, of: topic, group: group, service: "billing") { _ in }
        #expect(rest.map(\.text) == ["later"])
    }

    @Test func `Two groups handle the same message in the same trace, each with attempts of its own`() async throws {
        struct OutOfStock: Error {}
        let topic = try await broker.topic("fan-out")
        let producer = try KafkaProducer(broker.configuration())
        try await TracedProducer(producer, tracing: bench.tracing("orders")).send(
            KafkaMessage(topic: topic, value: "1"))
        try await producer.close()
        // One middleware for both: what it remembers of attempts must not mix groups up.
        let tracing = bench.tracing("fulfilment")
        let (billing, inventory) = ("\(topic)-billing", "\(topic)-inventory")
        async let billed = bench.handle(1, of: topic, group: billing, tracing) { _ in }
        async let reserved = bench.handle(2, of: topic, group: inventory, tracing) {
            if $0.attempt == nil { throw OutOfStock() }
        }
        #expect(try await billed.count == 1)
        #expect(try await reserved.count == 2)

        let spans = await bench.spans()
        let sent = try #require(spans.first { $0.kind == .producer })
        let processed = spans.filter { $0.kind == .consumer }
        func of(_ group: String) -> [SpanRecord] {
            processed.filter { $0.attributes[MessagingAttribute.consumerGroup] == .string(group) }
        }
        #expect(processed.count == 3)
        #expect(processed.allSatisfy { $0.parentID == sent.spanID && $0.traceID == sent.traceID })
        #expect(of(billing).map { $0.links.map(\.type) } == [[.creation]])
        #expect(of(inventory).map { $0.links.map(\.type) } == [[.creation], [.creation, .retryOf]])
        #expect(of(inventory).last?.links.last?.context.spanID == of(inventory).first?.spanID)
    }

    @Test func `Headers that others left, doubled, null or foreign, do no harm`() async throws {
        let topic = try await broker.topic("foreign")
        let producer = try KafkaProducer(broker.configuration())
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let doubled = [KafkaHeader("traceparent", parent), KafkaHeader("traceparent", parent)]
        let odd = [
            KafkaHeader("message-id", nil), KafkaHeader("correlation-id", [0xFF]), KafkaHeader("traceparent", "?"),
        ]
        for headers in [[KafkaHeader("traceparent", parent)], doubled, odd, []] {
            _ = try await producer.send(KafkaMessage(topic: topic, value: "x", headers: headers))
        }
        try await producer.close()
        let handled = try await bench.handle(4, of: topic, group: "\(topic)-group", service: "billing") { _ in }
        #expect(handled.map(\.headers.count) == [1, 2, 3, 0])
        let processed = await bench.spans().filter { $0.kind == .consumer }
        #expect(processed.map { $0.parentID?.hex } == ["00f067aa0ba902b7", nil, nil, nil])
        #expect(
            processed.map { $0.attributes[ThroughlineAttribute.ignoredHeaders]?.stringArrayValue?.first }.dropFirst()
                .first
                == "traceparent")
        // Without an id of its own, a message is known by its position, for every group and attempt alike.
        #expect(
            processed.map { $0.attributes[MessagingAttribute.messageID]?.stringValue }
                == (0..<4).map { "\(topic)/0/\($0)" })
    }
}

extension KafkaMessage {
    fileprivate subscript(name: String) -> String? { Self.value(forHeader: name, in: headers) }
}
