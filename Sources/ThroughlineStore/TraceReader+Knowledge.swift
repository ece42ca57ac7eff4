internal import SQLite
public import ThroughlineFlow
public import ThroughlineModel

extension TraceReader {
    /// What the store knows besides the spans of a flow: since when it has everything, and who listens to the flow's
    /// destinations. It turns "not there" into a reason.
    ///
    /// - Parameters:
    ///   - spans: the spans of the flow.
    ///   - now: the time at which they were read.
    public func knowledge(of spans: [SpanRecord], now: Timestamp) throws(StoreError) -> FlowKnowledge {
        let destinations = Set(
            spans.compactMap { $0.attributes[MessagingAttribute.destinationName]?.stringValue })
        return try read { session throws(SQLiteError) in
            var knowledge = FlowKnowledge(retainedSince: try session.retainedSince(), now: now)
            for destination in destinations {
                let consumers = try session.consumers(of: destination)
                if !consumers.isEmpty { knowledge.consumers[destination] = consumers }
            }
            return knowledge
        }
    }
}

extension ReadSession {
    /// Nil while nothing has ever been deleted: row ids begin at 1 and are never used again.
    fileprivate func retainedSince() throws(SQLiteError) -> Timestamp? {
        guard let first = try connection.integer("SELECT min(id) FROM spans"), first > 1,
            let start = try connection.integer("SELECT min(start) FROM spans")
        else { return nil }
        return Timestamp(nanosecondsSinceEpoch: UInt64(bitPattern: start))
    }

    /// Who has handled the latest messages of a destination.
    fileprivate mutating func consumers(of destination: String) throws(SQLiteError) -> Set<Consumer> {
        let select = try statement(
            """
            SELECT DISTINCT r.service_name, s.consumer_group FROM (
                SELECT resource, consumer_group, operation_type FROM spans
                WHERE destination = (SELECT id FROM strings WHERE text = ?1) ORDER BY start DESC LIMIT 5000) s
            JOIN resources r ON r.id = s.resource
            WHERE s.operation_type = (SELECT id FROM strings WHERE text = ?2)
            """)
        try select.bind(destination, 1)
        try select.bind(MessagingOperation.process.rawValue, 2)
        defer { select.reset() }
        var consumers: Set<Consumer> = []
        while try select.step() {
            let group = try select.optionalInteger(1).map { row throws(SQLiteError) in try decoder.interned.string(row)
            }
            consumers.insert(Consumer(service: select.optionalText(0) ?? "unknown_service", group: group))
        }
        return consumers
    }
}
