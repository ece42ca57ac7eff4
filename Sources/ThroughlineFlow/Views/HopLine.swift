public import ThroughlineModel

/// One delivery as a line: when it ended, of which flow, from where to whom, how long it waited and took, how it ended.
///
/// Made of a single span, so that it can be shown the moment the span is recorded. What came before a later attempt or a
/// replay only the flow knows, and of spans that others recorded also how long the message waited and how it was settled.
public struct HopLine: Sendable {
    /// Where the message stood; nil where the span does not say, which a flow may do in its stead.
    public private(set) var destination: String?
    /// Who handled it.
    public let service: String
    /// What went wrong; nil when nothing did.
    public let error: String?
    /// True when the flow knows more of it than the span: see ``init(_:in:)``.
    public let needsFlow: Bool
    /// True for a message that was pulled: whoever handles it has another span, which tells it better.
    public let isPull: Bool
    private let operation: Operation
    private let view: MessageView
    private var place = Place()

    /// What came before this delivery.
    private struct Place {
        /// The first of the attempts that make one delivery.
        var isFirst = true
        /// Its number where the span says so, or an attempt came before it.
        var attempt: Int?
        var isReplay = false
        /// Nanoseconds, counted as flows count them.
        var waited: UInt64?
        /// The clocks of those who know contradict each other.
        var isWaitUnknown = false
        /// What the flow is listed by.
        var flow: String?
        /// How it ended, where a span of its own says so.
        var settlement: Settlement?
    }

    /// Reads a span; nil when no message was handled or pulled by it.
    public init?(_ record: SpanRecord) {
        operation = Operation(record)
        guard record.end != nil, let view = operation.messaging,
            view.operation == .process || view.operation == .receive
        else { return nil }
        self.view = view
        isPull = view.operation == .receive
        destination = view.destination
        service = operation.service
        error = operation.error
        let isReplay = operation.reading.row.isReplay
        let isLater = isReplay || (view.attempt ?? 1) > 1
        place.isReplay = isReplay
        place.settlement = view.settlement
        if isLater {
            place.isFirst = isReplay
        } else {
            place.waited = view.enqueuedTime.map { $0.ifBefore(record.start) } ?? view.queueTime
            place.isWaitUnknown = view.enqueuedTime.map { $0 > record.start } ?? false
        }
        place.attempt = view.attempt
        needsFlow = isPull || isLater || place.waited == nil || view.settlement == nil || destination == nil
    }

    /// True when it failed, or the message was given up.
    public var failed: Bool { error != nil || place.settlement == .deadLettered || place.settlement == .rejected }

    /// Reads a span of a flow; nil when no message was handled by it, or when it merely pulled what another span of the
    /// flow handled.
    public init?(_ record: SpanRecord, in flow: Flow) {
        self.init(record)
        for hop in flow.hops {
            guard let number = hop.attempts.firstIndex(where: { $0.operation == operation.id }) else { continue }
            let isLast = number == hop.attempts.count - 1
            place.settlement = isLast && hop.isDeadLetter ? .deadLettered : hop.attempts[number].settlement
            place.flow = flow.correlationID ?? flow.traceIDs.first?.hex
            destination = destination ?? flow.operation(operation.id)?.messaging?.destination
            place.isFirst = number == 0
            if number > 0 { place.attempt = hop.attempts[number].number }
            place.isReplay = hop.isReplay
            place.isWaitUnknown = hop.isWaitUnknown && number == 0
            place.waited =
                hop.isReplay && number == 0 ? DeliveryHistory(flow).replayDelay(hop) : hop.attempts[number].waited
            return
        }
        if isPull { return nil }
    }

    /// The line, without a newline at its end.
    ///
    /// - Parameters:
    ///   - columns: how many columns the terminal has; nil for as many as the line takes. In too few, the time of day is
    ///     short or not there, names are shortened in their middle, and then is left out, in this order, how long it took
    ///     and waited, the consumer's group, which attempt it was, and what went wrong. The end of the flow's id, from
    ///     where to whom, the message's type and ✓ or ✗ stay.
    ///   - coloured: whether it is for a terminal: the flow's id has the flow's colour and a failure is red, in ANSI
    ///     escapes, and what is short is filled up, where there is room, so that lines read as columns.
    public func text(columns: Int? = nil, coloured: Bool = false) -> String {
        let ids = self.ids
        let flow = ids.first ?? operation.record.traceID.hex
        // Lines come in the order in which deliveries end; the time says when that was.
        let time = Self.clock(operation.record.end ?? operation.record.start, columns)
        let stops = (columns ?? .max) < Self.wide ? (type: 22, times: 38) : (type: 28, times: 46)
        var line = TextLine()
        line.add(time)
        line.add(String(flow.suffix(8)), Self.colour(of: flow))
        // Messages of several correlations may make one flow.
        if ids.count > 1 { line.add(" +\(ids.count - 1) id\(ids.count == 2 ? "" : "s")") }
        line.add("  ")
        let start = time.count + 10
        addPath(to: &line)
        if coloured { line.tab(to: start + stops.type) }
        line.add("  ")
        let batchSize = view.batchSize ?? (view.members.count > 1 ? view.members.count : nil)
        line.add(batchSize.map { "batch of \($0)" } ?? view.type ?? "message", isName: batchSize == nil)
        if coloured { line.tab(to: start + stops.times) }
        line.add("  ")
        addTimes(to: &line)
        line.add(" ")
        addEnding(to: &line)
        return line.text(columns: columns, isColoured: coloured)
    }

    /// The correlation ids of its messages, as far as the span tells, else what the flow is listed by.
    private var ids: [String] {
        if let id = view.correlationID { return [id] }
        let ids = view.members.compactMap(\.correlationID).uniqued()
        return ids.isEmpty ? place.flow.map { [$0] } ?? [] : ids
    }

    private func addPath(to line: inout TextLine) {
        line.add(destination ?? "destination unknown", isName: true)
        line.add(" → ")
        line.add(service, isName: true)
        if let group = view.group, group != service { line.add(" (\(group))", isName: true, detail: .least) }
    }

    /// In the words of the tree. What is left out earlier stands behind what is left out later, or has no mark before it.
    private func addTimes(to line: inout TextLine) {
        let waited = place.waited.map(DurationText.short) ?? (place.isWaitUnknown ? "?" : nil)
        let attempt = place.attempt.flatMap { $0 > 1 ? "attempt \($0)" : nil }
        var mark = ""
        func add(_ text: String?, _ detail: TextLine.Detail) {
            guard let text else { return }
            line.add(mark + text, detail: detail)
            mark = " · "
        }
        if !place.isFirst {
            add(attempt, .more)
            add(waited.map { "after \($0)" }, .least)
        } else if place.isReplay {
            add("replayed", .more)
            if let waited, waited != "?" { line.add(" after \(waited)", detail: .least) }
            add(attempt, .more)
        } else {
            add(waited.map { "waited \($0)" }, attempt == nil ? .least : .more)
            add(attempt, .more)
        }
        add(operation.record.duration.map { "took \(DurationText.short($0))" }, .least)
    }

    private func addEnding(to line: inout TextLine) {
        let isDeadLetter = place.settlement == .deadLettered
        if !failed { return line.add("✓") }
        line.add("✗", Self.red)
        if let error { line.add(" \(TypeName.short(error))", Self.red, isName: true, detail: .most) }
        if isDeadLetter { line.add(" dead letter", Self.red) }
    }

    /// From so many columns on, most lines have room for everything.
    private static let wide = 100

    /// The time of day, in UTC, to the millisecond where there is room, else to the second; and two spaces.
    private static func clock(_ time: Timestamp, _ columns: Int?) -> String {
        let time = time.iso8601.dropFirst(11).dropLast()
        return switch columns ?? .max {
        case ..<70: ""
        case ..<wide: time.prefix(8) + "  "
        default: time + "  "
        }
    }

    /// A colour that the same flow has everywhere (FNV-1a over its id), readable on dark and on light.
    private static func colour(of flow: String) -> TextLine.Colour {
        .numbered(palette[Int(FNV1a(flow).value % UInt64(palette.count))])
    }

    /// No flow's colour.
    private static let red = TextLine.Colour.numbered(160)
    private static let palette = [31, 33, 35, 37, 64, 65, 97, 98, 130, 131, 133, 136, 166, 168]
}
