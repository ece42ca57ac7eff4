import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("B3, Jaeger, X-Ray, and several at once")
struct PropagatorTests {
    static let trace = "80f198ee56343ba864fe8b2a57d3eff7"
    static let span = "e457b5a2e4d86bd1"

    private func read(_ propagator: any Propagator, _ headers: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        propagator.extract(headers, into: &context, using: DictionaryCarrier())
        return context
    }

    private func written(_ propagator: any Propagator, _ context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        propagator.inject(context, into: &headers, using: DictionaryCarrier())
        return headers
    }

    /// What a service passes on whose own sampler says yes or no where nobody decided.
    private func passedOn(
        _ propagators: [any Propagator], _ headers: [String: String], root: any Sampler = AlwaysOnSampler()
    ) -> [String: String] {
        Bench {
            $0.propagators = propagators
            $0.sampler = ParentBasedSampler(root: root)
        }.passedOn(headers)
    }

    @Test(
        "B3's single header in all its forms",
        arguments: [
            ("\(trace)-\(span)-1", trace, true), ("\(trace)-\(span)-0", trace, false),
            ("\(trace)-\(span)-d", trace, true),
            ("\(trace)-\(span)-1-05e3ac9a4f6e3b90", trace, true), ("\(trace)-\(span)", trace, false),
            ("64fe8b2a57d3eff7-\(span)-1", "000000000000000064fe8b2a57d3eff7", true),
        ])
    func b3Single(header: String, trace: String, isSampled: Bool) throws {
        let found = try #require(read(B3Propagator(), ["b3": header]).spanContext)
        #expect(found.traceID.hex == trace && found.spanID.hex == Self.span)
        #expect(found.isSampled == isSampled && found.isRemote && found.traceState.isEmpty)
    }

    @Test(
        "B3's single header, malformed",
        arguments: [
            "", "-", "2", "x", "\(trace)", "\(trace)-", "-\(span)-1", "\(trace)-\(span)-", "\(trace)-\(span)-2",
            "\(trace)-\(span)-1-", "\(trace)-\(span)-1-05e3", "\(trace)-\(span)-1-05e3ac9a4f6e3b90-1",
            "\(trace.uppercased())-\(span)-1", "\(trace)-\(span.uppercased())-1", "\(trace)0-\(span)-1",
            "\(trace.dropLast())-\(span)-1", "\(trace)-\(span.dropLast())-1",
            "00000000000000000000000000000000-\(span)-1",
            "0000000000000000-\(span)-1", "\(trace)-0000000000000000-1", "\(trace.dropLast())g-\(span)-1",
            " \(trace)-\(span)-1", "\(trace)_\(span)_1",
        ])
    func b3Malformed(header: String) {
        #expect(read(B3Propagator(), ["b3": header]).isEmpty)
    }

    @Test("B3's several headers in all their forms; both spellings are read, the single header goes before them")
    func b3Multiple() throws {
        let ids = ["X-B3-TraceId": Self.trace, "X-B3-SpanId": Self.span]
        func sampled(_ more: [String: String]) -> Bool? {
            read(B3Propagator(), ids.merging(more) { $1 }).spanContext?.isSampled
        }
        #expect(sampled(["X-B3-Sampled": "1"]) == true)
        #expect(sampled(["X-B3-Sampled": "true"]) == true)
        #expect(sampled(["X-B3-Sampled": "0"]) == false)
        #expect(sampled(["X-B3-Sampled": "false"]) == false)
        #expect(sampled(["X-B3-Flags": "1"]) == true)
        #expect(sampled(["X-B3-Flags": "1", "X-B3-Sampled": "0"]) == true, "debug implies accept")
        #expect(sampled(["X-B3-Flags": "0", "X-B3-Sampled": "0"]) == false)
        #expect(sampled(["X-B3-ParentSpanId": "05e3ac9a4f6e3b90"]) == false, "no decision")
        #expect(sampled(["X-B3-Sampled": "yes"]) == nil, "malformed")
        #expect(sampled(["X-B3-TraceId": "123"]) == nil)
        #expect(sampled(["X-B3-SpanId": "123"]) == nil)
        #expect(read(B3Propagator(), ["X-B3-TraceId": Self.trace, "X-B3-Sampled": "1"]).isEmpty)
        let lower = ["x-b3-traceid": "64fe8b2a57d3eff7", "x-b3-spanid": Self.span, "x-b3-sampled": "1"]
        #expect(read(B3Propagator(), lower).spanContext?.traceID.hex == "000000000000000064fe8b2a57d3eff7")
        let both = read(B3Propagator(), lower.merging(["b3": "\(Self.trace)-\(Self.span)-0"]) { $1 })
        #expect(both.spanContext?.traceID.hex == Self.trace)
        let broken = read(B3Propagator(), lower.merging(["b3": "nonsense"]) { $1 })
        #expect(broken.spanContext?.traceID.hex == "000000000000000064fe8b2a57d3eff7")
    }

    @Test("B3 is written with 32 digits, the own span, the decision, and no parent")
    func b3Writes() throws {
        let headers = ["b3": "64fe8b2a57d3eff7-\(Self.span)-1-05e3ac9a4f6e3b90"]
        let single = passedOn([B3Propagator()], headers)
        let parts = try #require(single["b3"]).split(separator: "-")
        #expect(single.count == 1 && parts.count == 3)
        #expect(parts[0] == "000000000000000064fe8b2a57d3eff7" && parts[1] != Self.span[...] && parts[2] == "1")
        let multiple = passedOn([B3Propagator(writing: .multiple)], headers)
        #expect(Set(multiple.keys) == ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled"])
        #expect(multiple["x-b3-traceid"] == "000000000000000064fe8b2a57d3eff7" && multiple["x-b3-sampled"] == "1")
        let denied = passedOn([B3Propagator()], ["b3": "\(Self.trace)-\(Self.span)-0"])
        #expect(denied["b3"]?.hasSuffix("-0") == true)
    }

    @Test("Debug is passed on, in either form; a trace without a decision, and a decision without a trace, count")
    func b3Decisions() throws {
        let debug = ["b3": "\(Self.trace)-\(Self.span)-d"]
        #expect(passedOn([B3Propagator()], debug)["b3"]?.hasSuffix("-d") == true)
        let multiple = passedOn([B3Propagator(writing: .multiple)], debug)
        #expect(multiple["x-b3-flags"] == "1" && multiple["x-b3-sampled"] == nil)
        #expect(
            passedOn([B3Propagator()], ["X-B3-Flags": "1"], root: AlwaysOffSampler())["b3"]?.hasSuffix("-d") == true)

        let undecided = ["b3": "\(Self.trace)-\(Self.span)"]
        #expect(passedOn([B3Propagator()], undecided)["b3"]?.hasSuffix("-1") == true)
        #expect(passedOn([B3Propagator()], undecided, root: AlwaysOffSampler())["b3"]?.hasSuffix("-0") == true)

        #expect(passedOn([B3Propagator()], ["b3": "0"])["b3"]?.hasSuffix("-0") == true)
        #expect(passedOn([B3Propagator()], ["b3": "1"], root: AlwaysOffSampler())["b3"]?.hasSuffix("-1") == true)
        #expect(passedOn([B3Propagator()], ["X-B3-Sampled": "0"])["b3"]?.hasSuffix("-0") == true)
    }

    @Test(
        "Jaeger's header in all its forms",
        arguments: [
            ("\(trace):\(span):0:1", trace, span, true), ("\(trace):\(span):05e3ac9a4f6e3b90:0", trace, span, false),
            ("\(trace)%3A\(span)%3A0%3A1", trace, span, true), ("\(trace):\(span):0:3", trace, span, true),
            ("\(trace):\(span):0:2", trace, span, true),
            (
                "1:2:0:01", String(repeating: "0", count: 31) + "1",
                "0000000000000002", true
            ),
            ("64fe8b2a57d3eff7:\(span):0:9", "000000000000000064fe8b2a57d3eff7", span, true),
        ])
    func jaeger(header: String, trace: String, span: String, isSampled: Bool) throws {
        let found = try #require(read(JaegerPropagator(), ["uber-trace-id": header]).spanContext)
        #expect(found.traceID.hex == trace && found.spanID.hex == span && found.isSampled == isSampled)
    }

    @Test(
        "Jaeger's header, malformed",
        arguments: [
            "", ":::", "\(trace):\(span):0", "\(trace):\(span):0:1:1", "0:\(span):0:1", "\(trace):0:0:1",
            "x:\(span):0:1",
            "\(trace)1:\(span):0:1", "\(trace):\(span)1:0:1", "\(trace):\(span):0:", "\(trace):\(span):0:x",
            "\(trace):\(span):0:100", "-1:\(span):0:1",
        ])
    func jaegerMalformed(header: String) {
        #expect(read(JaegerPropagator(), ["uber-trace-id": header]).isEmpty)
    }

    @Test("Jaeger's baggage is written for each key, and read for the keys that are named; debug is passed on")
    func jaegerBaggage() {
        var context = read(JaegerPropagator(), ["uber-trace-id": "\(Self.trace):\(Self.span):0:3"])
        context.baggage["tenant"] = "a b,c"
        let out = written(JaegerPropagator(), context)
        #expect(out["uber-trace-id"] == "\(Self.trace):\(Self.span):0:3")
        #expect(out["uberctx-tenant"] == "a%20b%2Cc")
        #expect(read(JaegerPropagator(baggageKeys: ["tenant", "region"]), out).baggage["tenant"] == "a b,c")
        #expect(read(JaegerPropagator(), out).baggage.isEmpty)
        #expect(read(JaegerPropagator(), ["jaeger-baggage": "k1=v1, k2=v2"]).baggage["k2"] == "v2")
    }

    @Test("X-Ray's header, in any order; the system attribute of SQS goes first; nobody's decision is made here")
    func xRay() throws {
        let root = "1-5759e988-bd862e3fe1be46a994272793"
        let header = "Root=\(root);Parent=53995c3f42cd8ad8;Sampled=1"
        let found = try #require(read(XRayPropagator(), ["X-Amzn-Trace-Id": header]).spanContext)
        #expect(found.traceID.hex == "5759e988bd862e3fe1be46a994272793" && found.spanID.hex == "53995c3f42cd8ad8")
        #expect(found.isSampled && found.isRemote)
        let context = read(
            XRayPropagator(), ["x-amzn-trace-id": "Self=1;Sampled=0;Parent=53995c3f42cd8ad8; Root=\(root)"])
        #expect(context.spanContext?.isSampled == false)
        #expect(written(XRayPropagator(), context) == ["X-Amzn-Trace-Id": header.dropLast() + "0"])
        let sqs = ["X-Amzn-Trace-Id": header, "AWSTraceHeader": header.replacing("53995c", with: "000001")]
        #expect(read(XRayPropagator(), sqs).spanContext?.spanID.hex == "0000013f42cd8ad8")
        let open = ["X-Amzn-Trace-Id": "Root=\(root);Parent=53995c3f42cd8ad8;Sampled=?"]
        #expect(passedOn([XRayPropagator()], open)["X-Amzn-Trace-Id"]?.hasSuffix("Sampled=1") == true)
        let off = passedOn([XRayPropagator()], open, root: AlwaysOffSampler())
        #expect(off["X-Amzn-Trace-Id"]?.hasSuffix("Sampled=0") == true)
    }

    @Test(
        "X-Ray's header, malformed",
        arguments: [
            "", "Root=", "Root=1-5759e988-bd862e3fe1be46a994272793", "Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e98-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=2",
        ])
    func xRayMalformed(header: String) {
        #expect(read(XRayPropagator(), ["X-Amzn-Trace-Id": header]).isEmpty)
    }

    @Test("Of several propagators the first that finds a trace wins, all of them write, and baggage comes along")
    func composite() throws {
        let w3c = "4bf92f3577b34da6a3ce929d0e0e4736"
        let headers = [
            "traceparent": "00-\(w3c)-00f067aa0ba902b7-01", "b3": "\(Self.trace)-\(Self.span)-d", "baggage": "a=1",
        ]
        let all: [any Propagator] = [W3CTraceContextPropagator(), B3Propagator(), W3CBaggagePropagator()]
        let out = passedOn(all, headers)
        #expect(out["traceparent"]?.contains(w3c) == true && out["b3"]?.hasPrefix(w3c) == true)
        #expect(out["b3"]?.hasSuffix("-1") == true, "nothing of the second trace is taken, its debug neither")
        #expect(out["baggage"] == "a=1")
        let reversed = passedOn([B3Propagator(), W3CTraceContextPropagator()], headers)
        #expect(reversed["traceparent"]?.contains(Self.trace) == true)
        let broken = passedOn(all, headers.merging(["traceparent": "nonsense"]) { $1 })
        #expect(broken["traceparent"]?.contains(Self.trace) == true)
        #expect(CompositePropagator(all).fields == ["traceparent", "tracestate", "b3", "baggage"])
    }

    @Test("A composite that finds nothing leaves the context as it was")
    func compositeKeeps() {
        let before = read(B3Propagator(), ["b3": "\(Self.trace)-\(Self.span)-1"])
        var context = before
        CompositePropagator([W3CTraceContextPropagator()]).extract([:], into: &context, using: DictionaryCarrier())
        #expect(context.spanContext == before.spanContext)
    }

    @Test("A child process goes on with the trace, through its environment")
    func environment() throws {
        let bench = Bench {
            $0.propagators = [W3CTraceContextPropagator(), B3Propagator(writing: .multiple), W3CBaggagePropagator()]
        }
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        let span = bench.tracer.startSpan("run", context: context)
        defer { span.end() }
        var environment = ["PATH": "/bin", "traceparent": "not read"]
        bench.tracer.inject(span.context, into: &environment, using: EnvironmentCarrier())
        #expect(
            Set(environment.keys) == [
                "PATH", "traceparent", "TRACEPARENT", "X_B3_TRACEID", "X_B3_SPANID", "X_B3_SAMPLED", "BAGGAGE",
            ])
        var child = ServiceContext.topLevel
        bench.tracer.extract(environment, into: &child, using: EnvironmentCarrier())
        #expect(child.spanContext?.spanID == span.context.spanContext?.spanID)
        #expect(child.baggage["tenant"] == "acme")
        #expect(EnvironmentCarrier().extract(key: "1st.name", from: ["_1ST_NAME": "x"]) == "x")
        #expect(EnvironmentCarrier().extract(key: "trace-parent", from: ["trace-parent": "x"]) == nil)
    }
}
