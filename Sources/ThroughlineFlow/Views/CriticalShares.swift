/// How much of the critical path is whose; where several paths tie, of the one that it is the most of.
package struct CriticalShares {
    private var whole: [Hop.ID: Double] = [:]
    private var waiting: [Hop.ID: Double] = [:]
    private var working: [String: Double] = [:]
    private var operations: [Operation.ID: Double] = [:]

    package init(_ flow: Flow) {
        for path in flow.criticalPaths {
            var whole: [Hop.ID: Double] = [:]
            var waiting: [Hop.ID: Double] = [:]
            var working: [String: Double] = [:]
            var operations: [Operation.ID: Double] = [:]
            for step in path.steps {
                if let hop = step.hop { whole[hop] = 0 }
            }
            for segment in path.segments {
                let service = segment.kind == .processing ? segment.operation.flatMap(flow.operation)?.service : nil
                if let service { working[service, default: 0] += segment.share }
                if service != nil, let operation = segment.operation {
                    operations[operation, default: 0] += segment.share
                }
                // What the sender did before is no part of the delivery.
                guard path.steps.indices.contains(segment.step), let hop = path.steps[segment.step].hop,
                    service.map({ $0 == hop.consumer.service }) ?? true
                else { continue }
                whole[hop, default: 0] += segment.share
                if segment.kind == .queue { waiting[hop, default: 0] += segment.share }
            }
            self.whole.merge(whole, uniquingKeysWith: max)
            self.waiting.merge(waiting, uniquingKeysWith: max)
            self.working.merge(working, uniquingKeysWith: max)
            self.operations.merge(operations, uniquingKeysWith: max)
        }
    }

    /// From 0 to 1, waiting and working together, of deliveries that are drawn as one; nil when none is on a path.
    package func share(of hops: [Hop]) -> Double? { Self.sum(hops.compactMap { whole[$0.id] }) }

    /// What they waited.
    package func waitingShare(of hops: [Hop]) -> Double? { Self.sum(hops.compactMap { waiting[$0.id] }) }

    /// What a service worked.
    package func workingShare(of service: String) -> Double? { working[service] }

    /// What an operation worked.
    package func share(of operation: Operation.ID) -> Double? { operations[operation] }

    private static func sum(_ shares: [Double]) -> Double? { shares.isEmpty ? nil : min(1, shares.reduce(0, +)) }
}
