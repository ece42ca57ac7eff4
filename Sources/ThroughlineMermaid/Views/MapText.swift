import ThroughlineFlow

/// The words of a map.
enum MapText {
    /// Such as `delivers ×120 · p50 4 ms · p99 31 ms · 12 retries · 0.4 % ✗`.
    static func delivery(_ drawn: MapDelivery) -> String {
        let delivery = drawn.delivery
        var parts = [(delivery.isReplay ? "replayed" : "delivers") + FoldingText.times(delivery.count)]
        parts += times(drawn.waits, "waits")
        if delivery.retries > 0 { parts.append(FoldingText.counted(delivery.retries, "retry", "retries")) }
        if delivery.duplicates > 0 { parts.append(FoldingText.counted(delivery.duplicates, "duplicate")) }
        parts += failures(delivery)
        if delivery.unfinished > 0 { parts.append("\(FoldingText.grouped(delivery.unfinished)) unfinished") }
        // One or two are on their way all the time; a backlog is more than a hundredth of what was handled.
        if let backlog = delivery.backlog.map({ $0 - delivery.unfinished }), backlog > 2,
            backlog * 100 > delivery.count
        {
            parts.append("\(FoldingText.grouped(backlog)) waiting")
        }
        return parts.joined(separator: " · ")
    }

    /// Those whose message was set aside, and the other ones that failed.
    private static func failures(_ delivery: ServiceMap.Delivery) -> [String] {
        let others = delivery.errors - delivery.deadLetters
        var parts: [String] = []
        if delivery.deadLetters > 0 { parts.append("\(share(delivery.deadLetters, delivery.count)) dead-lettered ✗") }
        if others > 0 { parts.append("\(share(others, delivery.count)) ✗") }
        return parts
    }

    /// Such as `calls ×12 · p50 4 ms · p99 31 ms · 0.4 % ✗`.
    static func call(_ call: ServiceMap.Call) -> String {
        var parts = ["calls\(FoldingText.times(call.count))"]
        parts += times([call.duration].compactMap(\.self), "takes")
        if call.errors > 0 { parts.append("\(share(call.errors, call.count)) ✗") }
        return parts.joined(separator: " · ")
    }

    /// Half of all, and nearly all; one time where these are the same. Of several, what lies between theirs.
    private static func times(_ percentiles: [ServiceMap.Percentiles], _ verb: String) -> [String] {
        guard let middle = DurationText.spread(percentiles.map(\.p50)),
            let late = DurationText.spread(percentiles.map(\.p99))
        else { return [] }
        return middle == late ? ["\(verb) \(middle)"] : ["p50 \(middle)", "p99 \(late)"]
    }

    /// Such as `12 %`, `0.4 %`.
    static func share(_ part: Int, _ whole: Int) -> String {
        guard whole > 0 else { return "0 %" }
        let percent = Double(part) / Double(whole) * 100
        if percent >= 10 { return "\(Int(percent.rounded())) %" }
        return percent < 0.1 ? "< 0.1 %" : "\(tenths(percent)) %"
    }

    /// Such as `120/s`, `3/min`; nil where that is next to nothing.
    static func rate(_ rate: Double) -> String? {
        if rate >= 10 { return "\(FoldingText.grouped(Int(rate.rounded())))/s" }
        if rate >= 0.1 { return "\(tenths(rate))/s" }
        return rate * 60 >= 0.1 ? "\(tenths(rate * 60))/min" : nil
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
