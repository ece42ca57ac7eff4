package import ThroughlineModel

/// Writes spans by hand: what each service did, in milliseconds after ten o'clock.
package struct FlowScript {
    /// 2026-08-20T10:00:00Z.
    package static let epoch = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000)

    package private(set) var records: [SpanRecord] = []
    /// What every message carries as its correlation id; nil for none.
    package var correlation: String?
    /// The broker.
    package var system = "kafka"
    /// The hosts of services, by service; a service that is not named here has none.
    package var hosts: [String: String] = [:]
    private let ids: IDGenerator

    package init(correlation: String?, seed: UInt64 = 1) {
        self.correlation = correlation
        ids = IDGenerator(seed: seed)
    }

    package static func at(_ milliseconds: Double) -> Timestamp {
        epoch.advanced(byNanoseconds: UInt64(milliseconds * 1_000_000))
    }

    /// A span of no messages, such as an HTTP request.
    @discardableResult
    package mutating func work(
        _ service: String, _ name: String, kind: SpanKind = .internal, at start: Double, took: Double?,
        in parent: SpanContext? = nil, error: String? = nil
    ) -> SpanContext {
        add(service, name, kind, start, took, parent, [:], [], error)
    }

    @discardableResult
    package mutating func send(
        _ service: String, _ type: String?, id: String?, to destination: String, at start: Double, took: Double? = 1,
        in parent: SpanContext? = nil, intent: MessageIntent? = .event, causes: [String] = [],
        links: [SpanLink] = [], operation: MessagingOperation = .send, error: String? = nil
    ) -> SpanContext {
        var attributes = common(operation, destination, type, id, intent)
        if causes.count == 1 { attributes[ThroughlineAttribute.causationID] = .string(causes[0]) }
        if causes.count > 1 { attributes[ThroughlineAttribute.causationIDs] = .array(causes.map { .string($0) }) }
        return add(service, "\(operation) \(destination)", .producer, start, took, parent, attributes, links, error)
    }

    @discardableResult
    package mutating func process(
        _ service: String, _ type: String?, id: String?, from destination: String, at start: Double, took: Double?,
        of sender: SpanContext? = nil, child: Bool = true, group: String? = nil, attempt: Int? = nil,
        settled: Settlement? = .acknowledged, enqueued: Double? = nil, links: [SpanLink] = [],
        causes: [String] = [], operation: MessagingOperation = .process, error: String? = nil
    ) -> SpanContext {
        var attributes = common(operation, destination, type, id, nil)
        attributes[MessagingAttribute.consumerGroup] = group.map { .string($0) }
        attributes[ThroughlineAttribute.attempt] = attempt.map { .int(Int64($0)) }
        attributes[ThroughlineAttribute.settlement] = settled.map { .string($0.rawValue) }
        if causes.count == 1 { attributes[ThroughlineAttribute.causationID] = .string(causes[0]) }
        attributes[ThroughlineAttribute.enqueuedTime] = enqueued.map {
            .int(Int64(Self.at($0).nanosecondsSinceEpoch))
        }
        let creation = sender.map { [Self.link($0, .creation)] } ?? []
        return add(
            service, "\(operation) \(destination)", .consumer, start, took, child ? sender : nil, attributes,
            creation + links, error)
    }

    /// One span that handles several messages.
    @discardableResult
    package mutating func processBatch(
        _ service: String, _ type: String?, of messages: [(id: String?, sender: SpanContext)], from destination: String,
        at start: Double, took: Double?, group: String? = nil, settled: Settlement? = .acknowledged,
        error: String? = nil
    ) -> SpanContext {
        var attributes = common(.process, destination, type, nil, nil)
        attributes[MessagingAttribute.consumerGroup] = group.map { .string($0) }
        attributes[MessagingAttribute.batchMessageCount] = .int(Int64(messages.count))
        attributes[ThroughlineAttribute.settlement] = settled.map { .string($0.rawValue) }
        let links = messages.map { Self.link($0.sender, .batchMember, id: $0.id) }
        return add(service, "process \(destination)", .consumer, start, took, nil, attributes, links, error)
    }

    package mutating func settle(
        _ service: String, id: String?, from destination: String, as settlement: Settlement, at start: Double,
        in parent: SpanContext? = nil
    ) {
        var attributes = common(.settle, destination, nil, id, nil)
        attributes[ThroughlineAttribute.settlement] = .string(settlement.rawValue)
        add(service, "settle \(destination)", .client, start, 0.1, parent, attributes, [], nil)
    }

    package static func link(_ context: SpanContext, _ type: LinkType?, id: String? = nil) -> SpanLink {
        var attributes: Attributes = [:]
        attributes[ThroughlineAttribute.linkType] = type.map { .string($0.rawValue) }
        attributes[MessagingAttribute.messageID] = id.map { .string($0) }
        return SpanLink(context: context, attributes: attributes)
    }

    private func common(
        _ operation: MessagingOperation, _ destination: String, _ type: String?, _ id: String?, _ intent: MessageIntent?
    ) -> Attributes {
        var attributes: Attributes = [
            MessagingAttribute.system: .string(system),
            MessagingAttribute.operationType: .string(operation.rawValue),
            MessagingAttribute.operationName: .string(operation.rawValue),
            MessagingAttribute.destinationName: .string(destination),
        ]
        attributes[MessagingAttribute.messageID] = id.map { .string($0) }
        attributes[MessagingAttribute.conversationID] = correlation.map { .string($0) }
        attributes[ThroughlineAttribute.messageType] = type.map { .string($0) }
        attributes[ThroughlineAttribute.messageIntent] = intent.map { .string($0.rawValue) }
        return attributes
    }

    @discardableResult
    private mutating func add(
        _ service: String, _ name: String, _ kind: SpanKind, _ start: Double, _ took: Double?, _ parent: SpanContext?,
        _ attributes: Attributes, _ links: [SpanLink], _ error: String?
    ) -> SpanContext {
        var attributes = attributes
        attributes[MessagingAttribute.errorType] = error.map { .string($0) }
        let began = Self.at(start)
        let context = SpanContext(
            traceID: parent?.traceID ?? ids.traceID(at: began), spanID: ids.spanID(), flags: [.sampled])
        records.append(
            SpanRecord(
                traceID: context.traceID, spanID: context.spanID, parentID: parent?.spanID, name: name, kind: kind,
                start: began, end: took.map { Self.at(start + $0) }, attributes: attributes, links: links,
                status: error == nil ? .unset : .error(error),
                resource: resource(service)))
        return context
    }

    private func resource(_ service: String) -> Resource {
        var attributes: Attributes = [ResourceAttribute.serviceName: .string(service)]
        attributes[ResourceAttribute.hostName] = hosts[service].map { .string($0) }
        return Resource(attributes: attributes)
    }

    /// Changes a span that was written before.
    package mutating func change(_ span: SpanContext, _ change: (inout SpanRecord) -> Void) {
        for place in records.indices where records[place].spanID == span.spanID { change(&records[place]) }
    }

    /// Adds attributes to a span that was written before.
    package mutating func set(_ attributes: Attributes, on span: SpanContext) {
        change(span) { record in
            for element in attributes { record.attributes[element.key] = element.value }
        }
    }

    /// Takes a span away again, as if it had never been recorded.
    package mutating func remove(_ span: SpanContext) { records.removeAll { $0.spanID == span.spanID } }
}
