extension DurationText {
    /// One duration, or from the shortest to the longest of several: `4 ms`, `4–31 ms`, `0.4 ms–1.2 s`, `up to 4 ms`; nil
    /// for none.
    package static func spread(_ durations: some Sequence<UInt64>) -> String? {
        var shortest = UInt64.max
        var longest: UInt64 = 0
        var isEmpty = true
        for duration in durations {
            shortest = min(shortest, duration)
            longest = max(longest, duration)
            isEmpty = false
        }
        if isEmpty { return nil }
        let (low, high) = (short(shortest), short(longest))
        if low == high { return low }
        if low.hasPrefix("<") { return "up to \(high)" }
        let (lowParts, highParts) = (low.split(separator: " "), high.split(separator: " "))
        let isOneUnit = lowParts.count == 2 && highParts.count == 2 && lowParts[1] == highParts[1]
        return isOneUnit ? "\(lowParts[0])–\(high)" : "\(low)–\(high)"
    }

    /// How long deliveries waited, as a spread; `?` where clocks contradict each other about all of them, nil where nothing
    /// was recorded.
    package static func waits(_ hops: [Hop], _ history: DeliveryHistory? = nil) -> String? {
        let known = hops.compactMap { $0.isReplay ? history?.replayDelay($0) ?? $0.queueTime : $0.queueTime }
        return spread(known) ?? (hops.contains { $0.isWaitUnknown && !$0.isReplay } ? "?" : nil)
    }
}
