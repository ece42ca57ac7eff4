/// The words on edges: what was sent, how long it waited, how often it was tried.
package enum DeliveryText {
    /// Mermaid breaks edge labels that are longer.
    package static let maximumLength = 28

    /// Such as `delivers · 4 ms`, `delivers · waited 1.2 s`, `delivers · 3 attempts ✗`, `delivers · batch of 3`.
    package static func delivers(_ hops: [Hop]) -> String {
        let verb = "delivers" + (isOneBatch(hops) ? "" : FoldingText.times(hops.count))
        return ([verb] + remarks(hops)).joined(separator: " · ")
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
            if unfinished > 0 { return ["never ended"] }
            if attemptCount(hop) > 1 {
                let words = hop.attempts.count > 1 ? "\(attemptCount(hop)) attempts" : "attempt \(attemptCount(hop))"
                return ["\(words) \(failed > 0 ? "✗" : "✓")"]
            }
            if size > 1 { return ["batch of \(size)\(sign)"] }
            guard let waited = hop.queueTime else {
                return hop.isWaitUnknown ? ["waited ?\(sign)"] : failed > 0 ? ["✗"] : []
            }
            let long = waited >= 1_000_000_000
            return [(long ? "waited " : "") + DurationText.short(waited) + sign]
        }
        if failed > 0 { return ["\(failed) ✗"] }
        if unfinished > 0 { return ["\(unfinished) never ended"] }
        if attempts > hops.count { return ["\(attempts) attempts ✓"] }
        guard let longest = hops.compactMap(\.queueTime).max() else { return [] }
        return ["max \(DurationText.short(longest))"]
    }

    /// The highest number that an attempt says it has counts too: earlier ones may not have been recorded.
    package static func attemptCount(_ hop: Hop) -> Int {
        max(hop.attempts.count, hop.attempts.last?.number ?? 0)
    }
}
