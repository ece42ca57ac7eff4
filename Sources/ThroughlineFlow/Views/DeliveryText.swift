/// The words on edges: what was sent, how long it waited, how often it was tried.
package enum DeliveryText {
    /// Mermaid breaks edge labels that are longer.
    package static let maximumLength = 28

    /// Such as `delivers · 4 ms`, `delivers · waited 1.2 s`, `delivers · 3 attempts ✗`, `delivers · batch of 3`,
    /// `×3 · 5 attempts · 1 ✗`.
    package static func delivers(_ hops: [Hop]) -> String {
        let times = isOneBatch(hops) ? "" : FoldingText.times(hops.count)
        let text = (["delivers" + times] + remarks(hops)).joined(separator: " · ")
        // A number says it as well.
        return text.count > maximumLength && !times.isEmpty ? String(text.trimmingPrefix("delivers ")) : text
    }

    /// Such as `replayed after 41 s ✓`.
    package static func redelivers(_ hops: [Hop], _ history: DeliveryHistory) -> String {
        let sign = sign(hops)
        if let hop = hops.first, hops.count == 1, let delay = history.replayDelay(hop) {
            return "replayed after \(DurationText.short(delay))\(sign)"
        }
        return "replayed\(FoldingText.times(hops.count))\(sign)"
    }

    private static func sign(_ hops: [Hop]) -> String {
        hops.contains(where: \.failed) ? " ✗" : hops.contains(where: \.isUnfinished) ? " …" : " ✓"
    }

    private static func isOneBatch(_ hops: [Hop]) -> Bool {
        guard hops.count > 1, let operation = hops.first?.attempts.last?.operation else { return false }
        return hops.allSatisfy { $0.attempts.last?.operation == operation }
    }

    private static func remarks(_ hops: [Hop]) -> [String] {
        let failed = hops.count(where: \.failed)
        let unfinished = hops.count(where: \.isUnfinished)
        let attempts = hops.reduce(0) { $0 + attemptCount($1) }
        if hops.count == 1 || isOneBatch(hops) {
            guard let hop = hops.first else { return [] }
            let size = max(hop.batchSize, hops.count)
            let sign = failed > 0 ? " ✗" : ""
            let isDead = isGivenUpHere(hop)
            if unfinished > 0 { return ["never ended"] }
            if attemptCount(hop) > 1 {
                let words = hop.attempts.count > 1 ? "\(attemptCount(hop)) attempts" : "attempt \(attemptCount(hop))"
                return isDead ? [words, "dead letter ✗"] : ["\(words) \(failed > 0 ? "✗" : "✓")"]
            }
            if size > 1 { return isDead ? ["batch of \(size)", "dead letter ✗"] : ["batch of \(size)\(sign)"] }
            if isDead { return ["dead letter ✗"] }
            guard let waited = hop.queueTime else {
                return hop.isWaitUnknown ? ["waited ?\(sign)"] : failed > 0 ? ["✗"] : []
            }
            let long = waited >= 1_000_000_000
            return [(long ? "waited " : "") + DurationText.short(waited) + sign]
        }
        let tries = attempts > hops.count ? ["\(attempts) attempts"] : []
        if failed > 0 {
            let dead = hops.count(where: isGivenUpHere)
            let words = dead < failed ? "" : dead == 1 ? " dead letter" : " dead letters"
            return tries + ["\(failed)\(words) ✗"]
        }
        if unfinished > 0 { return tries + ["\(unfinished) never ended"] }
        if attempts > hops.count { return ["\(attempts) attempts ✓"] }
        guard let longest = hops.compactMap(\.queueTime).max() else { return [] }
        return ["max \(DurationText.short(longest))"]
    }

    /// True for a dead letter that stands on no destination of its own, where the picture would show it.
    private static func isGivenUpHere(_ hop: Hop) -> Bool { hop.isDeadLetter && !hop.isSetAside }

    /// The highest number that an attempt says it has counts too: earlier ones may not have been recorded.
    package static func attemptCount(_ hop: Hop) -> Int {
        max(hop.attempts.count, hop.attempts.last?.number ?? 0)
    }
}
