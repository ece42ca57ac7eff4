public import ThroughlineModel

/// One delivery as a line: when it ended, of which flow, from where to whom, how long it waited and took, how it ended.
///
/// Made of a single span, so that it can be shown the moment the span is recorded. What came before a later attempt or a
/// replay only the flow knows.
public struct HopLine: Sendable {
    /// Where the message stood.
    public let destination: String
    /// Who handled it.
    public let service: String
    /// What went wrong; nil when nothing did.
    public let error: String?
    /// True when there was an earlier delivery of the message to this consumer: how long ago, the flow tells.
    public let isLater: Bool
    private let operation: Operation
    private let view: MessageView
    private var place = Place()

    /// What came before this delivery.
    private struct Place {
        /// The first of the attempts that make one delivery.
        var isFirst = true
        var isReplay = false
        /// Nanoseconds, counted as flows count them.
        var waited: UInt64?
    }

    /// Reads a span; nil when no message was handled by it.
    public init?(_ record: SpanRecord) {
        operation = Operation(record)
        guard record.end != nil, let view = operation.messaging, view.operation == .process else { return nil }
        self.view = view
        destination = view.destination ?? "destination unknown"
        service = operation.service
        error = operation.error
        let isReplay = operation.reading.row.isReplay
        isLater = isReplay || (view.attempt ?? 1) > 1
        place.isReplay = isReplay
        if isLater {
            place.isFirst = isReplay
        } else {
            place.waited = view.enqueuedTime.map { $0.nanoseconds(until: record.start) } ?? view.queueTime
        }
    }

    /// Reads a span of a flow; nil when no message was handled by it.
    public init?(_ record: SpanRecord, in flow: Flow) {
        self.init(record)
        for hop in flow.hops {
            guard let number = hop.attempts.firstIndex(where: { $0.operation == operation.id }) else { continue }
            place.isFirst = number == 0
            place.isReplay = hop.isReplay
            place.waited =
                hop.isReplay && number == 0 ? DeliveryHistory(flow).replayDelay(hop) : hop.attempts[number].waited
            return
        }
    }

    /// The line, without a newline at its end.
    ///
    /// - Parameter coloured: whether it is for a terminal: the flow's id has the flow's colour and a failure is red, in
    ///   ANSI escapes, and what is short is filled up so that lines read as columns.
    public func text(coloured: Bool = false) -> String {
        let flow = view.correlationID ?? view.members.compactMap(\.correlationID).first ?? operation.record.traceID.hex
        let label = OneLine.of(String(flow.suffix(8)))
        let path = OneLine.of("\(destination) → \(consumer)")
        let what = view.batchSize.map { "batch of \($0)" } ?? OneLine.of(view.type ?? "message")
        // Lines come in the order in which deliveries end; the time says when that was.
        let parts = [
            Self.clock(operation.record.end ?? operation.record.start),
            coloured ? Self.painted(label, Self.colour(of: flow)) : label,
            coloured ? Self.filled(path, 28) : path, coloured ? Self.filled(what, 16) : what, times,
        ]
        let ending = coloured && ending.hasPrefix("✗") ? Self.painted(ending, Self.red) : ending
        return parts.joined(separator: "  ") + " " + ending
    }

    private var consumer: String {
        guard let group = view.group, group != service else { return service }
        return "\(service) (\(group))"
    }

    /// In the words of the tree.
    private var times: String {
        let waited = place.waited.map(DurationText.short)
        let attempt = view.attempt.flatMap { $0 > 1 ? "attempt \($0)" : nil }
        let parts =
            if !place.isFirst {
                [attempt, waited.map { "after \($0)" }]
            } else if place.isReplay {
                [waited.map { "replayed after \($0)" } ?? "replayed", attempt]
            } else {
                [waited.map { "waited \($0)" }, attempt]
            }
        let took = operation.record.duration.map { "took \(DurationText.short($0))" }
        return (parts + [took]).compactMap(\.self).joined(separator: " · ")
    }

    private var ending: String {
        switch (error, view.settlement) {
        case (let error?, .deadLettered): OneLine.of("✗ \(TypeName.short(error)) dead letter")
        case (let error?, _): OneLine.of("✗ \(TypeName.short(error))")
        case (nil, .deadLettered): "✗ dead letter"
        case (nil, _): "✓"
        }
    }

    /// The time of day, in UTC, to the millisecond.
    private static func clock(_ time: Timestamp) -> String { String(time.iso8601.dropFirst(11).dropLast()) }

    private static func filled(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func painted(_ text: String, _ colour: Int) -> String { "\u{1B}[38;5;\(colour)m\(text)\u{1B}[0m" }

    /// A colour that the same flow has everywhere (FNV-1a over its id), readable on dark and on light.
    private static func colour(of flow: String) -> Int {
        palette[Int(FNV1a(flow).value % UInt64(palette.count))]
    }

    /// No flow's colour.
    private static let red = 160
    private static let palette = [31, 33, 35, 37, 64, 65, 97, 98, 130, 131, 133, 136, 166, 168]
}
