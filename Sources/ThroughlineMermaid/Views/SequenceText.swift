import ThroughlineFlow
import ThroughlineModel

/// The words of a sequence diagram.
struct SequenceText {
    private let flow: Flow
    private let deadLetters: [Message.ID: [Publication]]
    private let tellsSettlements: Bool
    private let history: DeliveryHistory
    let gaps: GapIndex

    private static let maximumName = 40

    init(_ flow: Flow) {
        self.flow = flow
        gaps = GapIndex(flow)
        history = DeliveryHistory(flow)
        // Where nobody records settlements, nothing follows from their absence.
        tellsSettlements = flow.hops.contains { $0.settlement != nil }
        deadLetters = Dictionary(
            grouping: flow.publications.filter { $0.id.reason == .deadLettered }, by: \.id.message)
    }

    private func title(_ message: Message.ID) -> String {
        MermaidText.shortened(flow.message(message)?.title ?? "message", to: Self.maximumName)
    }

    private func place(_ destination: String) -> String { MermaidText.shortened(destination, to: 36) }

    /// Such as `OrderPlaced · orders · waited 4 ms`; of several deliveries how long they waited at least and at most.
    func arrow(_ hops: [Hop]) -> String {
        let hop = hops[0]
        let name = NamePattern.common(hops.lazy.map { flow.message($0.message)?.title ?? "message" }) ?? "message"
        var parts = [MermaidText.shortened(name, to: Self.maximumName) + FoldingText.times(hops.count)]
        if let destination = NamePattern.common(hops.lazy.map(\.destination)), !destination.isEmpty {
            parts.append(place(destination))
        }
        let publications = hops.compactMap { flow.publication($0.id.publication) }
        if let dwell = DurationText.spread(publications.compactMap(\.dwellTime)) {
            parts.append("\(publications.contains { $0.due != nil } ? "scheduled" : "outbox") \(dwell)")
        }
        let batch = hops.reduce(1) { max($0, $1.batchSize) }
        if batch > 1 { parts.append("batch of \(batch)") }
        if let waited = DurationText.waits(hops, history) {
            parts.append("\(hop.isReplay ? "replayed after" : "waited") \(waited)")
        } else if hop.isReplay {
            parts.append("replayed")
        }
        if hop.isReplay, !hop.isUnfinished { parts[parts.count - 1] += hop.failed ? " ✗" : " ✓" }
        return parts.joined(separator: " · ")
    }

    /// What became of some of many, such as `97 of 100 done ✓`, `3 of 100 dead-lettered after 3 attempts ✗ Timeout`.
    func outcome(_ hops: [Hop], of total: Int) -> String {
        guard let hop = hops.first, let last = hop.attempts.last else { return "" }
        let attempts = hops.map(DeliveryText.attemptCount)
        let (least, most) = (attempts.min() ?? 1, attempts.max() ?? 1)
        let tries = most == 1 ? "" : " after \(least == most ? "" : "\(least)–")\(most) attempts"
        let error = last.error.map { " \(MermaidText.shortened(TypeName.short($0), to: Self.maximumName))" } ?? ""
        let words =
            if hop.isUnfinished {
                "never ended …"
            } else if hop.isDeadLetter {
                "dead-lettered\(tries) ✗\(error)"
            } else if hop.failed {
                "failed\(tries) ✗\(error)"
            } else if hop.attempts.contains(where: \.isDuplicate) {
                "done, and again as duplicates ✓"
            } else {
                "done\(tries) ✓" + (tellsSettlements && hop.isUnsettled ? ", never settled" : "")
            }
        return "\(FoldingText.grouped(hops.count)) of \(FoldingText.grouped(total)) \(words)"
    }

    /// What a branch does not say of its deliveries: where dead letters went.
    func remark(inBranch hops: [Hop]) -> String? {
        guard let hop = hops.first, hop.isDeadLetter, case let there = whereTo(hop), !there.isEmpty else { return nil }
        return "dead letters\(there)"
    }

    /// Such as ` → orders.dlq`.
    private func whereTo(_ hop: Hop) -> String {
        let there = deadLetters[hop.message]?.first { $0.services.contains(hop.consumer.service) }
        return there.map { " → \(place($0.id.destination))" } ?? ""
    }

    /// Such as `OrderPlaced to 3 consumers`.
    func fanOut(_ publication: Publication.ID, to count: Int) -> String {
        "\(title(publication.message)) to \(count) consumers"
    }

    /// What is worth a note, and when it was so: attempts, failures, what never ended. Deliveries drawn as one have one.
    func remarks(_ hops: [Hop]) -> [(text: String, time: Timestamp?)] {
        guard let hop = hops.first else { return [] }
        if hops.count > 1 {
            guard let last = hop.attempts.last, let words = remark(hop, last, isLast: true) else { return [] }
            let attempts = hops.reduce(0) { max($0, DeliveryText.attemptCount($1)) }
            let tries = attempts > 1 ? "up to \(attempts) attempts, " : ""
            return [("\(hops.count) times: \(tries)\(words)", hops.compactMap(\.end).max())]
        }
        return hop.attempts.enumerated().compactMap { place, attempt in
            remark(hop, attempt, isLast: place == hop.attempts.count - 1).map { ($0, attempt.end) }
        }
    }

    private func remark(_ hop: Hop, _ attempt: Attempt, isLast: Bool) -> String? {
        let tried = history.isRetried(hop)
        let prefix = tried ? "attempt \(attempt.number) " : ""
        if attempt.end == nil { return "\(prefix)never ended" }
        let error = attempt.error.map { " " + MermaidText.shortened(TypeName.short($0), to: Self.maximumName) }
        if isLast, hop.isDeadLetter { return "\(prefix)✗\(error ?? "") dead letter\(whereTo(hop))" }
        if let error { return "\(prefix)✗\(error)" }
        if attempt.isDuplicate { return "\(prefix)✓ duplicate: had been handled before" }
        if isLast, tellsSettlements, hop.isUnsettled { return "\(prefix)never settled" }
        return tried ? "\(prefix)✓" : nil
    }

    /// Such as `POST /quote`; the name of the first of several, and how many they are.
    func call(_ calls: [Operation]) -> String {
        let name = MermaidText.shortened(calls[0].record.name, to: Self.maximumName)
        let count = FoldingText.times(calls.count)
        let failed = calls.count(where: \.failed)
        return name + count + (failed == 0 ? "" : calls.count == 1 ? " ✗" : " · \(failed) ✗")
    }

    /// Such as `OrderPlaced · orders · delivery not recorded; perhaps expired`.
    func missing(_ publication: Publication, _ reason: Gap.Reason, count: Int) -> String {
        let name = title(publication.id.message) + FoldingText.times(count)
        return "\(name) · \(place(publication.id.destination)) · delivery \(reason.ofDelivery)"
    }

    /// A message without a delivery.
    func unread(_ publication: Publication, count: Int) -> String {
        let outcome = flow.failedToSend(publication) ? "✗ sending failed" : gaps.unread(publication.id)
        let name = title(publication.id.message) + FoldingText.times(count)
        return [name, place(publication.id.destination), outcome].joined(separator: " · ")
    }
}
