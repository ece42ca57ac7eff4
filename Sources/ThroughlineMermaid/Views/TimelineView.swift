import ThroughlineFlow
import ThroughlineModel

/// Draws who worked when, and what waited meanwhile: a section for each service, a row for each delivery.
///
/// What took place after the flow itself was over, because somebody decided to replay, is a moment at the end of the axis
/// with its distance in words: drawn to scale it would leave no room for the rest.
struct TimelineView {
    private(set) var chart: GanttChart

    /// The chart as it is drawn: inside Mermaid's limits.
    static func chart(
        of flow: Flow, title: String? = nil, options: ViewOptions = ViewOptions()
    ) -> (chart: GanttChart, folding: String?) {
        let drawn = ReadableFold(flow, options, .delivery).fitted(
            draw: { TimelineView($0, title: title).chart }, fits: { MermaidLimit.allows($0.text) })
        return (drawn.picture, drawn.folding)
    }

    private let flow: Flow
    private let selection: OutlineSelection
    private let start: UInt64
    /// Nanoseconds that it took by the clocks as they are, because bars stand where they were recorded.
    private let length: UInt64
    private let criticalHops: Set<Hop.ID>
    private let shares: CriticalShares
    private let gaps: GapIndex
    private let history: DeliveryHistory
    /// What is an attempt to handle a message is no row of its own.
    private let attempts: Set<Operation.ID>
    private let batches: [Operation.ID: [Hop]]
    private var rows: [String: [Row]] = [:]
    private var services: [String] = []

    private struct Row {
        var order: UInt64
        var bars: [Bar]
    }

    private struct Bar {
        var text: String
        var mark: GanttChart.Mark
        var isCritical = false
        /// Nanoseconds since the flow began; an end of nil is never.
        var start: UInt64
        var end: UInt64?
    }

    /// A wait that is shorter than this share of the axis is told in words alone.
    private static let leastVisible: UInt64 = 50

    private init(_ selection: OutlineSelection, title: String?) {
        self.selection = selection
        flow = selection.folded.flow
        start = flow.start?.nanosecondsSinceEpoch ?? 0
        length = flow.recordedLatency
        criticalHops = Set(flow.criticalPath.compactMap(\.hop))
        shares = CriticalShares(flow)
        gaps = GapIndex(flow)
        history = DeliveryHistory(flow)
        attempts = Set(flow.hops.flatMap { $0.attempts.map(\.operation) })
        let batched = flow.hops.filter { $0.batchSize > 1 && !$0.attempts.isEmpty }
        batches = Dictionary(grouping: batched) { $0.attempts[$0.attempts.count - 1].operation }
        chart = GanttChart(title: flow.headline(title: title), axis: .fitting(length))
        for node in selection.shown { add(node) }
        addSections()
    }

    private mutating func add(_ node: Int) {
        let folded = selection.folded
        let members = folded.nodes[node].members.map { folded.outline.nodes[$0].subject }
        switch members[0] {
        case .hop:
            let hops = members.compactMap { if case .hop(let place) = $0 { flow.hops[place] } else { nil } }
            if !folded.outline.nodes[folded.nodes[node].members[0]].isInBatchAbove { add(hops) }
        case .operation(let place):
            let operation = flow.operations[place]
            if isRow(operation, at: node), !attempts.contains(operation.id) { add(operation, count: members.count) }
        case .publication(let place):
            addDwelling(members, title: flow.message(flow.publications[place].id.message)?.title)
            if folded.nodes[node].children.isEmpty { addUnread(flow.publications[place], count: members.count) }
        case .attempt: break
        }
    }

    /// What goes on inside a handler or a request is no row of its own, unless it is another service's, or went on after
    /// that and ended last.
    private func isRow(_ operation: Operation, at node: Int) -> Bool {
        if selection.folded.nodes[node].parent == nil || shares.share(of: operation.id) != nil { return true }
        return operation.parentID.flatMap(flow.operation).map { $0.service != operation.service } ?? true
    }

    private func elapsed(_ time: Timestamp) -> UInt64 {
        time.nanosecondsSinceEpoch > start ? time.nanosecondsSinceEpoch - start : 0
    }

    private mutating func append(_ bars: [Bar], to service: String) {
        guard let first = bars.first else { return }
        if rows[service] == nil { services.append(service) }
        rows[service, default: []].append(Row(order: first.start, bars: bars))
    }

    private mutating func add(_ operation: Operation, count: Int) {
        let outcome = operation.emptiness.map { " · \($0)" } ?? ""
        let name = MermaidText.shortened(operation.record.name, to: 40) + FoldingText.times(count) + outcome
        let isCritical = shares.share(of: operation.id) ?? 0 >= 0.01
        append(
            [
                Bar(
                    text: operation.failed ? "\(name) ✗" : operation.isUnfinished ? "\(name) … never ended" : name,
                    mark: .working, isCritical: isCritical, start: elapsed(operation.record.start),
                    end: operation.record.end.map(elapsed))
            ], to: operation.service)
    }

    /// Written down and not yet sent: in an outbox, or until it was due.
    private mutating func addDwelling(_ members: [Outline.Subject], title: String?) {
        let publications = members.compactMap {
            if case .publication(let place) = $0 { flow.publications[place] } else { nil }
        }
        let dwelling = publications.filter { $0.dwellTime != nil }
        guard let first = dwelling.first, let service = first.services.first,
            dwelling.contains(where: { $0.dwellTime ?? 0 > length / UInt64(Self.leastDrawn) }),
            let spread = DurationText.spread(dwelling.compactMap(\.dwellTime)),
            let from = dwelling.compactMap(\.appended).min().map(elapsed),
            let to = dwelling.compactMap({ sent in sent.appended.map { elapsed($0) + (sent.dwellTime ?? 0) } }).max(),
            to <= length
        else { return }
        let name = MermaidText.shortened(title ?? "message", to: 36) + FoldingText.times(dwelling.count)
        append(
            [
                Bar(
                    text: "\(name) · \(first.due == nil ? "in the outbox" : "scheduled") \(spread)", mark: .waiting,
                    start: from, end: to)
            ], to: service)
    }

    private mutating func addUnread(_ publication: Publication, count: Int) {
        guard publication.id.reason != .deadLettered, let service = publication.services.first,
            let time = publication.sent ?? publication.began
        else { return }
        let message = MermaidText.shortened(flow.message(publication.id.message)?.title ?? "message", to: 36)
        let outcome = flow.failedToSend(publication) ? "✗ sending failed" : gaps.unread(publication.id)
        append(
            [
                Bar(
                    text: "\(message)\(FoldingText.times(count)) · \(outcome)", mark: .moment,
                    start: elapsed(time), end: elapsed(time))
            ], to: service)
    }

    private mutating func add(_ hops: [Hop]) {
        guard let hop = hops.first, let first = hop.attempts.first else { return }
        let together = hops.count == 1 ? hop.attempts.last.flatMap { batches[$0.operation] } ?? hops : hops
        let name = NamePattern.common(together.map { flow.message($0.message)?.title ?? "message" }) ?? "message"
        let title = MermaidText.shortened(name, to: 36) + FoldingText.times(together.count)
        let isCritical = together.contains { criticalHops.contains($0.id) }
        if isAfterwards(hop) {
            let sign = hop.failed ? "✗" : hop.isUnfinished ? "…" : "✓"
            let what = hop.isReplay ? replay(hops) : "handled \(DurationText.short(elapsed(first.start))) on"
            append(
                [
                    Bar(
                        text: "\(title) \(what) \(sign) (not to scale)", mark: .moment, start: length,
                        end: length)
                ], to: hop.consumer.service)
            return
        }
        if hops.count > 1 {
            append(folded(hops, title, isCritical), to: hop.consumer.service)
            return
        }
        var bars: [Bar] = []
        for attempt in hop.attempts { bars += self.bars(attempt, of: hop, title, isCritical, together) }
        append(bars, to: hop.consumer.service)
    }

    /// Such as `replayed after 41 s`.
    private func replay(_ hops: [Hop]) -> String {
        "replayed" + (DurationText.spread(hops.compactMap(history.replayDelay)).map { " after \($0)" } ?? "")
    }

    private func isAfterwards(_ hop: Hop) -> Bool {
        guard let first = hop.attempts.first else { return false }
        return elapsed(first.start) > length && flow.isReplayed(first.operation)
    }

    private func isVisible(_ time: UInt64) -> Bool { time > 0 && time >= length / Self.leastVisible }

    /// Waiting, then working; a retry waits for its turn. Messages of one batch waited from when the first was sent.
    private func bars(
        _ attempt: Attempt, of hop: Hop, _ title: String, _ isCritical: Bool, _ together: [Hop]
    ) -> [Bar] {
        let began = elapsed(attempt.start)
        var bars: [Bar] = []
        var words: [String] = []
        let isTried = history.isRetried(hop)
        let waits = together.count > 1 ? together.compactMap(\.queueTime) : [attempt.waited].compactMap(\.self)
        if let waited = waits.max(), waited > 0, let spread = DurationText.spread(waits) {
            let text = "waited \(spread)"
            if isVisible(waited) {
                let before = isTried && attempt.number > 1 ? " for attempt \(attempt.number)" : ""
                bars.append(
                    Bar(
                        text: "\(title) · \(text)\(before)", mark: .waiting, isCritical: isCritical,
                        start: began > waited ? began - waited : 0, end: began))
            } else if !hop.isReplay {
                words.append(text)
            }
        } else if hop.isWaitUnknown, !hop.isReplay, attempt.operation == hop.attempts.first?.operation {
            words.append("waited ?")
        }
        if attempt.batchSize > 1 { words.append("batch of \(attempt.batchSize)") }
        if isTried { words.insert("attempt \(attempt.number)", at: 0) }
        if hop.isReplay { words.insert(replay([hop]), at: 0) }
        if let took = attempt.took { words.append("worked \(DurationText.short(took))") }
        if attempt.end == nil { words.append("… never ended") }
        if attempt.isDuplicate { words.append("duplicate") }
        let error = attempt.error.map { " " + MermaidText.shortened(TypeName.short($0), to: 24) }
        if attempt.number == hop.attempts.last?.number, hop.isDeadLetter {
            words.append("✗\(error ?? "") dead letter")
        } else if let error {
            words.append("✗\(error)")
        } else if isTried || hop.isReplay, attempt.succeeded {
            words.append((words.popLast() ?? "") + " ✓")
        }
        bars.append(
            Bar(
                text: ([title] + words).joined(separator: " · "), mark: .working, isCritical: isCritical, start: began,
                end: attempt.end.map(elapsed)))
        return bars
    }

    /// From when the first of them began to when the last ended.
    private func folded(_ hops: [Hop], _ title: String, _ isCritical: Bool) -> [Bar] {
        let starts = hops.compactMap { $0.start.map(elapsed) }
        let ends = hops.compactMap { $0.end.map(elapsed) }
        var words = [title]
        if let waited = DurationText.waits(hops) { words.append("waited \(waited)") }
        words.append("worked \(DurationText.spread(hops.map(\.processingTime)) ?? "?")")
        let attempts = hops.reduce(0) { max($0, DeliveryText.attemptCount($1)) }
        if attempts > 1 { words.append("up to \(attempts) attempts") }
        if hops[0].failed {
            let error = hops[0].attempts.last?.error.map { MermaidText.shortened(TypeName.short($0), to: 24) }
            words.append("✗ " + (hops[0].isDeadLetter ? "dead letters" : error ?? "failed"))
        }
        if hops[0].isUnfinished { words.append("… never ended") }
        return [
            Bar(
                text: words.joined(separator: " · "), mark: .working, isCritical: isCritical, start: starts.min() ?? 0,
                end: ends.max())
        ]
    }

    /// A bar that is shorter than this share of the axis would not be seen.
    private static let leastDrawn = 400

    /// Where the axis ends: with the flow, or with what is shown of it where that is little.
    private var shownEnd: UInt64 {
        guard let folding = FoldingText.of(selection), folding.contains("left out") else { return length }
        let ends = rows.values.joined().flatMap(\.bars).filter { $0.mark != .moment }.map { $0.end ?? length }
        return min(ends.max() ?? length, length)
    }

    private mutating func addSections() {
        let last = shownEnd
        chart.axis = .fitting(last)
        let least = max(1, chart.axis.place(last) / Self.leastDrawn)
        var number = 0
        var titles: [String: Int] = [:]
        for service in services {
            let name = MermaidText.shortened(service, to: 24)
            titles[name, default: 0] += 1
            let count = titles[name, default: 1]
            var section = GanttChart.Section(title: count > 1 ? "\(name) (\(count))" : name)
            for row in (rows[service] ?? []).enumerated().sorted(by: {
                ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
            }) {
                for bar in row.element.bars {
                    number += 1
                    let begin = chart.axis.place(bar.start)
                    let end = max(chart.axis.place(bar.end ?? length), begin + (bar.mark == .moment ? 0 : least))
                    section.tasks.append(
                        GanttChart.Task(
                            id: "b\(number)", text: bar.text + (bar.isCritical ? " ◀" : ""), mark: bar.mark,
                            isCritical: bar.isCritical && bar.mark == .waiting, start: begin, end: end))
                }
            }
            chart.sections.append(section)
        }
        // Repetitions stand where they happened.
        var notes = FlowNotes(flow).all.filter { $0.kind != .repeats }.map(\.text)
        if let folding = FoldingText.of(selection) { notes.append("Shortened: \(folding)") }
        if chart.sections.isEmpty { notes = ["nothing was handled"] }
        addNotes(notes, at: chart.axis.place(last))
    }

    /// At the end, so that the words stand to the left of it, where there is room.
    private mutating func addNotes(_ notes: [String], at end: Int) {
        if notes.isEmpty { return }
        let tasks = notes.enumerated().map { number, text in
            GanttChart.Task(id: "n\(number + 1)", text: text, mark: .moment, start: end, end: end)
        }
        chart.sections.append(GanttChart.Section(title: "notes", tasks: tasks))
    }
}
