import Logging
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("OpenTelemetry's environment variables")
struct EnvironmentTests {
    private func tracer(_ environment: [String: String]) -> RecordingTracer.Configuration {
        TracingEnvironment(environment).tracer
    }

    private func limits(_ environment: [String: String]) -> SpanLimits { tracer(environment).limits }

    private func problems(_ environment: [String: String]) -> [String] { TracingEnvironment(environment).problems }

    private func bench(_ environment: [String: String]) -> Bench { Bench { $0 = tracer(environment) } }

    @Test("Nothing set, or set to nothing: the defaults, without a word")
    func defaults() {
        let names = [
            "OTEL_SDK_DISABLED", "OTEL_PROPAGATORS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_LOG_LEVEL",
            "OTEL_BSP_SCHEDULE_DELAY", "OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "OTEL_RESOURCE_ATTRIBUTES",
        ]
        for environment in [[:], Dictionary(uniqueKeysWithValues: names.map { ($0, "") })] {
            let read = TracingEnvironment(environment)
            #expect(read.problems.isEmpty && read.logLevel == nil && read.tracer.isEnabled)
            #expect(read.tracer.limits == SpanLimits())
            #expect(read.pipeline.interval == .milliseconds(20) && read.pipeline.capacity == 65_536)
        }
    }

    @Test("OTEL_SDK_DISABLED: true makes no spans, and passes contexts on as they came", arguments: ["true", "TRUE"])
    func disabled(value: String) async {
        let bench = bench(["OTEL_SDK_DISABLED": value])
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let headers = ["traceparent": parent, "tracestate": "v=1", "baggage": "a=1"]
        #expect(bench.passedOn(headers) == headers)
        #expect(bench.passedOn([:]).isEmpty)
        #expect(await bench.spans().isEmpty)
    }

    @Test("OTEL_SDK_DISABLED: anything else does not", arguments: ["false", "1", "yes"])
    func notDisabled(value: String) {
        #expect(tracer(["OTEL_SDK_DISABLED": value]).isEnabled)
        #expect(problems(["OTEL_SDK_DISABLED": value]).isEmpty == (value == "false"))
    }

    @Test(
        "OTEL_PROPAGATORS: each of them, alone",
        arguments: [
            ("tracecontext", ["traceparent", "tracestate"]), ("baggage", ["baggage"]), ("b3", ["b3"]),
            ("b3multi", ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"]), ("jaeger", ["uber-trace-id"]),
            ("xray", ["X-Amzn-Trace-Id"]), ("none", []), ("b3, tracecontext,b3", ["b3", "traceparent", "tracestate"]),
        ])
    func propagators(names: String, fields: [String]) {
        #expect(CompositePropagator(tracer(["OTEL_PROPAGATORS": names]).propagators).fields == fields)
    }

    @Test("OTEL_PROPAGATORS: unknown names are left out with a warning, and the defaults stay when nothing is left")
    func unknownPropagators() {
        let environment = ["OTEL_PROPAGATORS": "b3,carrier-pigeon"]
        #expect(tracer(environment).propagators.flatMap(\.fields) == ["b3"])
        #expect(problems(environment).first?.contains("carrier-pigeon") == true)
        let nothing = tracer(["OTEL_PROPAGATORS": "ottrace"]).propagators
        #expect(nothing.flatMap(\.fields) == ["traceparent", "tracestate", "baggage"])
        #expect(problems(["OTEL_PROPAGATORS": "none,b3"]).count == 1)
    }

    private static let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test(
        "OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG",
        arguments: [
            ("always_on", nil, true, true), ("always_off", nil, false, false), ("traceidratio", "0", false, false),
            ("traceidratio", "1", true, true), ("traceidratio", nil, true, true),
            ("parentbased_always_on", nil, true, true), ("parentbased_always_off", nil, false, true),
            ("parentbased_traceidratio", "0", false, true), ("throughline_flow", "0", false, true),
            ("throughline_flow", "1.0", true, true),
        ] as [(String, String?, Bool, Bool)])
    func samplers(name: String, argument: String?, root: Bool, child: Bool) {
        var environment = ["OTEL_TRACES_SAMPLER": name]
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
        let bench = bench(environment)
        #expect(bench.passedOn([:])["traceparent"]?.hasSuffix(root ? "3" : "2") == true)
        #expect(bench.passedOn(["traceparent": Self.sampled])["traceparent"]?.hasSuffix(child ? "1" : "0") == true)
        #expect(problems(environment).isEmpty)
    }

    @Test(
        "OTEL_TRACES_SAMPLER: what there is not leaves the default; a wrong ratio is 1",
        arguments: ["x", "-1", "2", "nan"])
    func wrongSamplers(argument: String) {
        #expect(bench(["OTEL_TRACES_SAMPLER": "jaeger_remote"]).passedOn([:])["traceparent"]?.hasSuffix("3") == true)
        #expect(problems(["OTEL_TRACES_SAMPLER": "jaeger_remote"]).count == 1)
        let environment = ["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": argument]
        #expect(bench(environment).passedOn([:])["traceparent"]?.hasSuffix("3") == true)
        #expect(problems(environment).count == 1)
    }

    @Test("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, before OTEL_ATTRIBUTE_COUNT_LIMIT")
    func attributeCount() async throws {
        let bench = bench(["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1", "OTEL_ATTRIBUTE_COUNT_LIMIT": "2"])
        let span = bench.tracer.startSpan("x")
        span.updateAttributes { for key in ["a", "b", "c"] { $0.set(key, value: .int64(1)) } }
        span.end()
        let record = try #require(await bench.spans().first)
        #expect(record.attributes.count == 1 && record.dropped.attributes == 2)
    }

    @Test("OTEL_ATTRIBUTE_COUNT_LIMIT holds for spans, events and links that have no limit of their own")
    func generalCount() {
        let general = limits(["OTEL_ATTRIBUTE_COUNT_LIMIT": "5"])
        #expect(general.attributes == 5 && general.attributesPerEvent == 5 && general.attributesPerLink == 5)
        let own = limits([
            "OTEL_ATTRIBUTE_COUNT_LIMIT": "5", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "6",
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "7",
        ])
        #expect(own.attributes == 5 && own.attributesPerEvent == 6 && own.attributesPerLink == 7)
    }

    @Test("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT")
    func eventAttributes() async throws {
        let bench = bench(["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "1"])
        let span = bench.tracer.startSpan("x")
        span.addEvent(Tracing.SpanEvent(name: "e", attributes: ["a": 1, "b": 2]))
        span.end()
        let event = try #require(await bench.spans().first?.events.first)
        #expect(event.attributes.count == 1 && event.droppedAttributes == 1)
    }

    @Test("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT")
    func linkAttributes() async throws {
        let bench = bench(["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "1"])
        let span = bench.tracer.startSpan("x")
        span.addLink(Tracing.SpanLink(context: span.context, attributes: ["a": 1, "b": 2]))
        span.end()
        let link = try #require(await bench.spans().first?.links.first)
        #expect(link.attributes.count == 1 && link.droppedAttributes == 1)
    }

    @Test("OTEL_SPAN_EVENT_COUNT_LIMIT and OTEL_SPAN_LINK_COUNT_LIMIT; more links than 128 by default")
    func counts() async throws {
        #expect(limits([:]).links == 1_024)
        let bench = bench(["OTEL_SPAN_EVENT_COUNT_LIMIT": "2", "OTEL_SPAN_LINK_COUNT_LIMIT": "1"])
        let span = bench.tracer.startSpan("x")
        for _ in 0..<3 {
            span.addEvent(Tracing.SpanEvent(name: "e"))
            span.addLink(Tracing.SpanLink(context: span.context, attributes: [:]))
        }
        span.end()
        let record = try #require(await bench.spans().first)
        #expect(record.events.count == 2 && record.dropped.events == 1)
        #expect(record.links.count == 1 && record.dropped.links == 2)
    }

    @Test("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, before OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
    func lengths() async throws {
        #expect(limits(["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9"]).attributeValueLength == 9)
        let bench = bench(["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "2", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9"])
        let span = bench.tracer.startSpan("x")
        span.attributes["a"] = "äöü"
        span.end()
        #expect(await bench.spans().first?.attributes["a"] == "äö")
    }

    @Test(
        "Limits that are no numbers are warned of and change nothing",
        arguments: ["x", "-1", "1.5", "99999999999999999999"])
    func wrongLimits(value: String) {
        let environment = ["OTEL_SPAN_EVENT_COUNT_LIMIT": value]
        #expect(limits(environment) == SpanLimits())
        #expect(
            problems(environment) == [
                "OTEL_SPAN_EVENT_COUNT_LIMIT is '\(value)', no whole number of at least 0; the default stays"
            ])
    }

    @Test("OTEL_BSP_SCHEDULE_DELAY, OTEL_BSP_EXPORT_TIMEOUT, OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
    func pipeline() {
        let pipeline = SpanPipeline.Configuration(environment: [
            "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BSP_EXPORT_TIMEOUT": "2000", "OTEL_BSP_MAX_QUEUE_SIZE": "500",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "50",
        ])
        #expect(pipeline.interval == .milliseconds(100) && pipeline.shutdownTimeout == .seconds(2))
        #expect(pipeline.capacity == 500 && pipeline.batchSize == 50)
        let small = ["OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "11"]
        #expect(SpanPipeline.Configuration(environment: small).batchSize == 10 && problems(small).count == 1)
        #expect(SpanPipeline.Configuration(environment: ["OTEL_BSP_MAX_QUEUE_SIZE": "10"]).batchSize == 10)
        #expect(problems(["OTEL_BSP_MAX_QUEUE_SIZE": "0"]).count == 1)
    }

    @Test(
        "OTEL_LOG_LEVEL",
        arguments: [("debug", .debug), ("WARN", .warning), ("error", .error), ("none", .critical), ("loud", nil)]
            as [(String, Logger.Level?)])
    func logLevel(name: String, level: Logger.Level?) {
        #expect(TracingEnvironment(["OTEL_LOG_LEVEL": name]).logLevel == level)
        #expect(problems(["OTEL_LOG_LEVEL": name]).isEmpty == (level != nil))
    }

    @Test("OTEL_SERVICE_NAME wins over OTEL_RESOURCE_ATTRIBUTES, the code over both; without any it is unknown")
    func serviceName() {
        let environment = ["OTEL_SERVICE_NAME": "a", "OTEL_RESOURCE_ATTRIBUTES": "service.name=b,region=eu%20west"]
        #expect(Resource.detected(environment: environment).serviceName == "a")
        #expect(Resource.detected(environment: environment).attributes["region"] == "eu west")
        #expect(Resource.detected(service: "c", environment: environment).serviceName == "c")
        #expect(Resource.detected(environment: ["OTEL_RESOURCE_ATTRIBUTES": "service.name=b"]).serviceName == "b")
        #expect(Resource.detected(environment: [:]).serviceName == "unknown_service")
    }

    @Test("OTEL_RESOURCE_ATTRIBUTES that cannot be read are left out, all of them, with a warning")
    func wrongResource() {
        let environment = ["OTEL_RESOURCE_ATTRIBUTES": "region=eu,host name=x"]
        #expect(Resource.detected(environment: environment).attributes["region"] == nil)
        #expect(problems(environment).count == 1)
    }

    @Test("What cannot be used is logged as a warning")
    func warns() {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in Lines { line in lines.withLock { $0.append(line) } } }
        _ = RecordingTracer.Configuration(environment: ["OTEL_TRACES_SAMPLER": "x"], logger: logger)
        #expect(
            lines.withLock { $0 } == [
                "warning: OTEL_TRACES_SAMPLER is 'x', which there is not; parentbased_always_on is taken."
            ])
    }

    private struct Lines: LogHandler {
        let write: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { write("\(event.level): \(event.message)") }
    }
}
