import ThroughlineFlow
import ThroughlineModel

/// The words of a sequence diagram.
struct SequenceText {
    private let flow: Flow
    private let deadLetters: [Message.ID: [Publication]]
    private let tellsSettlements: Bool
    let gaps: GapIndex

    private static let maximumName = 40

    init(_ flow: Flow) {
        self.flow = flow
        gaps = GapIndex(flow)
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
        var parts = [title(hop.message) + (hops.count > 1 ? " ×\(hops.count)" : "")]
        if !hop.destination.isEmpty { parts.append(place(hop.destination)) }
        let publications = hops.compactMap { flow.publication($0.id.publication) }
        if let dwell = DurationText.spread(publications.compactMap(\.dwellTime)) {
            parts.append("\(publications.contains { $0.due != nil } ? "scheduled" : "outbox") \(dwell)")
        }
        let batch = hops.reduce(1) { max($0, $1.batchSize) }
        if batch > 1 { parts.append("batch of \(batch)") }
        if let waited = DurationText.spread(hops.compactMap(\.queueTime)) {
            parts.append("\(hop.isReplay ? "replayed after" : "waited") \(waited)")
        } else if hop.isReplay {
            parts.append("replayed")
        }
        if hop.isReplay, !hop.isUnfinished { parts[parts.count - 1] += hop.failed ? " ✗" : " ✓" }
        return parts.joined(separator: " · ")
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
        let tried = hop.attempts.count > 1 || attempt.number > 1
        let prefix = tried ? "attempt \(attempt.number) " : ""
        if attempt.end == nil { return "\(prefix)never ended" }
        if isLast, hop.isDeadLetter {
            let there = deadLetters[hop.message]?.first { $0.services.contains(hop.consumer.service) }
            return "\(prefix)✗ dead letter\(there.map { " → \(place($0.id.destination))" } ?? "")"
        }
        if let error = attempt.error {
            return "\(prefix)✗ \(MermaidText.shortened(TypeName.short(error), to: Self.maximumName))"
        }
        if attempt.isDuplicate { return "\(prefix)✓ duplicate: had been handled before" }
        if isLast, tellsSettlements, hop.isUnsettled { return "\(prefix)never settled" }
        return tried ? "\(prefix)✓" : nil
    }

    /// Such as `POST /quote`; the name of the first of several, and how many they are.
    func call(_ calls: [Operation]) -> String {
        let name = MermaidText.shortened(calls[0].record.name, to: Self.maximumName)
        let count = calls.count > 1 ? " ×\(calls.count)" : ""
        let failed = calls.count(where: \.failed)
        return name + count + (failed == 0 ? "" : calls.count == 1 ? " ✗" : " · \(failed) ✗")
    }

    /// Such as `OrderPlaced · orders · no delivery recorded: expired`.
    func missing(_ publication: Publication, _ reason: Gap.Reason, count: Int) -> String {
        let name = title(publication.id.message) + (count > 1 ? " ×\(count)" : "")
        return "\(name) · \(place(publication.id.destination)) · no delivery recorded: \(reason.rawValue)"
    }

    /// A message without a delivery.
    func unread(_ publication: Publication, count: Int) -> String {
        let outcome = flow.failedToSend(publication) ? "✗ sending failed" : gaps.unread(publication.id)
        let name = title(publication.id.message) + (count > 1 ? " ×\(count)" : "")
        return [name, place(publication.id.destination), outcome].joined(separator: " · ")
    }
}
