import Throughline
import ThroughlineInMemory
import ThroughlineModel
import ThroughlineTracer
import Tracing

/// What a sampler costs a span, what telling it about the message costs a publish, and what redaction costs a span.
enum SamplerBenchmark {
    static func run() async {
        await publishing()
        redaction()
    }

    /// A root PRODUCER span through the middleware, with nothing behind it: the difference to AlwaysOn is the sampler's.
    private static func publishing() async {
        let count = 20_000
        var settings = SpanPipeline.Configuration()
        settings.capacity = 4 * count
        let pipeline = SpanPipeline(sink: SpanBenchmark.NullSink(), configuration: settings)
        let always = AlwaysOnSampler()
        let samplers: [(name: String, sampler: any Sampler)] = [
            ("AlwaysOn", always), ("ParentBased(AlwaysOn)", ParentBasedSampler()),
            ("TraceIDRatio(1)", TraceIDRatioSampler(ratio: 1)),
            ("RateLimiting", RateLimitingSampler(perSecond: 1e9, burst: 1e9)),
            ("Flow(1)", FlowSampler(ratio: 1)),
            (
                "four rules, the last fits",
                RuleSampler(
                    [
                        SamplingRule(destination: "health.*", always), SamplingRule(messageType: "*Failed", always),
                        SamplingRule(system: "kafka", always), SamplingRule(destination: "ord*", always),
                    ], otherwise: always)
            ),
        ]
        let tracings = samplers.map { tracing(pipeline, $0.sampler) }
        var best = [Double](repeating: .infinity, count: samplers.count)
        // In turns, so that a slow moment of the machine does not fall on one of them only.
        for _ in 0..<9 {
            for (index, tracing) in tracings.enumerated() {
                best[index] = min(
                    best[index],
                    await nanoseconds(count, runs: 1) {
                        let message = InMemoryMessage(to: "orders", text: "{}")
                        for _ in 0..<count { await tracing.publish(message, type: "OrderPlaced") { _ in } }
                    })
                _ = await pipeline.flush()
            }
        }
        for (index, entry) in samplers.enumerated() {
            let more = (best[index] - best[0]).rounded(to: 0)
            report(
                "publish, sampled by \(entry.name)", "\(best[index].rounded(to: 0)) ns (\(more) ns more than AlwaysOn)")
        }
        await pipeline.shutdown()
    }

    private static func tracing(_ pipeline: SpanPipeline, _ sampler: any Sampler) -> MessageTracing {
        var tracer = RecordingTracer.Configuration()
        tracer.sampler = sampler
        var configuration = MessageTracing.Configuration()
        configuration.tracer = RecordingTracer(pipeline: pipeline, resource: Resource(), configuration: tracer)
        return MessageTracing(configuration)
    }

    /// On the pipeline's thread: a span with eight attributes.
    private static func redaction() {
        let count = 50_000
        let names = ["messaging.system", "messaging.operation.name", "messaging.destination.name", "customer.email"]
        let attributes = Attributes(
            uniqueElements: (names + (0..<4).map { "order.part.\($0)" }).map {
                .init(key: $0, value: "alice@example.org")
            })
        let others: [Redaction.Rule] = [.drop("*.password"), .drop("authorization"), .replace("session")]
        for (name, rules) in [
            ("four rules, none fits", others + [.drop("cookie")]),
            ("four rules, one replaces", others + [.replace("customer.email")]),
            ("four rules, one hashes", others + [.hash("customer.email", salt: "pepper")]),
        ] {
            let redaction = Redaction(rules)
            var kept = 0
            let cost = nanoseconds(count) {
                for _ in 0..<count { kept &+= redaction.apply(to: attributes).count }
            }
            report("redaction of 8 attributes, \(name)", "\(cost.rounded(to: 0)) ns")
            if kept == 0 { report("nothing was kept", "") }
        }
    }
}
