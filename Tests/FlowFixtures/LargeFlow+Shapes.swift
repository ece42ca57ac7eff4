package import ThroughlineModel

/// Flows of many spans, each hard in a way of its own.
package enum LargeFlowShape: String, CaseIterable, Sendable {
    /// One message causes very many alike ones, a few of which fail.
    case wide
    /// Every message causes exactly one.
    case deep
    /// Many services and types, causes at random.
    case tangled
    /// Nothing joins the messages but the correlation id.
    case loose

    /// About that many spans.
    package func records(spans: Int) -> [SpanRecord] {
        switch self {
        case .wide: Self.wide(spans)
        case .deep: Self.deep(spans)
        case .tangled: LargeFlow.records(services: 60, types: 14, messages: spans / 2)
        case .loose: Self.loose(spans)
        }
    }

    private static func wide(_ spans: Int) -> [SpanRecord] {
        var script = FlowScript(correlation: "import-1", seed: 3)
        let began = script.send("portal", "ImportBegan", id: "begin", to: "imports", at: 0)
        let handler = script.process(
            "splitter", "ImportBegan", id: "begin", from: "imports", at: 4, took: Double(spans), of: began)
        for row in 0..<spans / 2 {
            let at = 5 + Double(row)
            let sent = script.send(
                "splitter", "RowRead", id: "row-\(row)", to: "rows", at: at, in: handler, causes: ["begin"])
            let fails = row % 1_000 == 500
            script.process(
                "loader", "RowRead", id: "row-\(row)", from: "rows", at: at + Double(row % 17) + 2, took: 1, of: sent,
                settled: fails ? .rejected : .acknowledged, error: fails ? "BadRow" : nil)
        }
        return script.records
    }

    private static func deep(_ spans: Int) -> [SpanRecord] {
        var script = FlowScript(correlation: "chain-1", seed: 3)
        var handler: SpanContext?
        for step in 0..<spans / 2 {
            let (from, to) = ("stage-\(step % 7)", "stage-\((step + 1) % 7)")
            let at = Double(step) * 5
            let sent = script.send(
                from, "StepDone", id: "step-\(step)", to: "steps", at: at, in: handler,
                causes: step > 0 ? ["step-\(step - 1)"] : [])
            handler = script.process(to, "StepDone", id: "step-\(step)", from: "steps", at: at + 3, took: 1, of: sent)
        }
        return script.records
    }

    private static func loose(_ spans: Int) -> [SpanRecord] {
        var script = FlowScript(correlation: "shared-1", seed: 3)
        for number in 0..<spans / 2 {
            let at = Double(number)
            let sent = script.send(
                "service-\(number % 40)", "Noticed\(number % 5)", id: "note-\(number)",
                to: "replies.\(number)", at: at)
            script.process(
                "sink", "Noticed\(number % 5)", id: "note-\(number)", from: "replies.\(number)", at: at + 2, took: 1,
                of: sent, child: false)
        }
        return script.records
    }
}
