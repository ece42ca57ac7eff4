/// How much of the critical path is whose; where several paths tie, of the one that it is the most of.
package struct CriticalShares {
    private var whole: [Hop.ID: Double] = [:]
    private var waiting: [Hop.ID: Double] = [:]
    private var working: [String: Double] = [:]

    package init(_ flow: Flow) {
        for path in flow.criticalPaths {
            var whole: [Hop.ID: Double] = [:]
            var waiting: [Hop.ID: Double] = [:]
            var working: [String: Double] = [:]
            for step in path.steps {
                if let hop = step.hop { whole[hop] = 0 }
            }
            for segment in path.segments where path.steps.indices.contains(segment.step) {
                if segment.kind == .processing, let service = segment.operation.flatMap(flow.operation)?.service {
                    working[service, default: 0] += segment.share
                }
                guard let hop = path.steps[segment.step].hop else { continue }
                whole[hop, default: 0] += segment.share
                if segment.kind == .queue { waiting[hop, default: 0] += segment.share }
            }
            self.whole.merge(whole, uniquingKeysWith: max)
            self.waiting.merge(waiting, uniquingKeysWith: max)
            self.working.merge(working, uniquingKeysWith: max)
        }
    }

    /// From 0 to 1, waiting and working together, of deliveries that are drawn as one; nil when none is on a path.
    package func share(of hops: [Hop]) -> Double? { Self.sum(hops.compactMap { whole[$0.id] }) }

    /// What they waited.
    package func waitingShare(of hops: [Hop]) -> Double? { Self.sum(hops.compactMap { waiting[$0.id] }) }

    /// What a service worked.
    package func workingShare(of service: String) -> Double? { working[service] }

    private static func sum(_ shares: [Double]) -> Double? { shares.isEmpty ? nil : min(1, shares.reduce(0, +)) }
}
