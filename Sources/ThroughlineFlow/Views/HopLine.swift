public import ThroughlineModel

/// One delivery as a line: when, of which flow, from where to whom, how long it waited and took, how it ended.
///
/// Made of a single span, so that it can be shown the moment the span is recorded.
public struct HopLine: Sendable {
    /// Where the message stood.
    public let destination: String
    /// Who handled it.
    public let service: String
    /// What went wrong; nil when nothing did.
    public let error: String?
    private let operation: Operation
    private let view: MessageView

    /// Reads a span; nil when no message was handled by it.
    public init?(_ record: SpanRecord) {
        operation = Operation(record)
        guard record.end != nil, let view = operation.messaging, view.operation == .process else { return nil }
        self.view = view
        destination = view.destination ?? "destination unknown"
        service = operation.service
        error = operation.error
    }

    /// The line, without a newline at its end.
    ///
    /// - Parameter coloured: whether the flow's id has the flow's colour, in ANSI escapes.
    public func text(coloured: Bool = false) -> String {
        let flow = view.correlationID ?? view.members.compactMap(\.correlationID).first ?? operation.record.traceID.hex
        let label = OneLine.of(String(flow.suffix(8)))
        var parts = [
            Self.clock(operation.record.start), coloured ? Self.painted(label, for: flow) : label,
            OneLine.of("\(destination) → \(consumer)"),
        ]
        if let size = view.batchSize {
            parts.append("batch of \(size)")
        } else {
            parts.append(OneLine.of(view.type ?? "message"))
        }
        return parts.joined(separator: "  ") + "  " + outcome
    }

    private var consumer: String {
        guard let group = view.group, group != service else { return service }
        return "\(service) (\(group))"
    }

    private var outcome: String {
        let record = operation.record
        var parts: [String] = []
        let waited = view.enqueuedTime.map { $0.nanoseconds(until: record.start) } ?? view.queueTime
        if let waited { parts.append("waited \(DurationText.short(waited))") }
        if let took = record.duration { parts.append("took \(DurationText.short(took))") }
        if let attempt = view.attempt, attempt > 1 { parts.append("attempt \(attempt)") }
        let ending =
            switch (error, view.settlement) {
            case (let error?, .deadLettered): "✗ \(TypeName.short(error)) dead letter"
            case (let error?, _): "✗ \(TypeName.short(error))"
            case (nil, .deadLettered): "✗ dead letter"
            case (nil, _): "✓"
            }
        return OneLine.of(parts.joined(separator: " · ") + " " + ending)
    }

    /// The time of day, in UTC, to the millisecond.
    private static func clock(_ time: Timestamp) -> String { String(time.iso8601.dropFirst(11).dropLast()) }

    /// A colour that the same flow has everywhere (FNV-1a over its id), readable on dark and on light.
    private static func painted(_ text: String, for flow: String) -> String {
        let hash = FNV1a(flow).value
        return "\u{1B}[38;5;\(palette[Int(hash % UInt64(palette.count))])m\(text)\u{1B}[0m"
    }

    private static let palette = [31, 33, 35, 37, 64, 65, 97, 98, 130, 131, 133, 136, 166, 168]
}
