import ThroughlineFlow
import ThroughlineMermaid
import ThroughlineModel

/// Draws one flow of 100,000 spans, in which every story occurs thousands of times, in every view; each against putting
/// the flow together, which has to come first.
enum ViewBenchmark {
    static func run() {
        var stories = StoryGenerator()
        var records: [SpanRecord] = []
        while records.count < 100_000 { records += stories.flow() }
        let assembling = nanoseconds(records.count, runs: 3) { _ = Flow(records).hops.count }
        report("putting \(records.count) spans together", "\(assembling.rounded(to: 0)) ns a span")
        for view in FlowView.allCases where view != .json {
            var drawn = ""
            // Each time a fresh flow, because a flow keeps what it has worked out.
            var time = Double.infinity
            for _ in 0..<3 {
                let fresh = Flow(records)
                time = min(time, nanoseconds(records.count, runs: 1) { drawn = view.render(fresh) })
            }
            let milliseconds = (time * Double(records.count) / 1e6).rounded(to: 0)
            report(
                "  as \(view)",
                "\(milliseconds) ms, \((time / assembling).rounded(to: 2)) times assembling, \(drawn.utf16.count) characters"
            )
        }
    }
}
