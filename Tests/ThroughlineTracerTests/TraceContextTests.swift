import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("W3C trace context, level 2")
struct TraceContextTests {
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let span = "00f067aa0ba902b7"

    @Test(
        "Headers that continue a trace",
        arguments: [
            "00-\(trace)-\(span)-01", "00-\(trace)-\(span)-00", "00-\(trace)-\(span)-03", "00-\(trace)-\(span)-ff",
            "01-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01-what-the-future-brings", "cc-\(trace)-\(span)-01-",
        ])
    func continues(header: String) throws {
        let context = try #require(
            SpanContext(traceParent: Bench().passedOn(["traceparent": header])["traceparent"] ?? ""))
        #expect(context.traceID.hex == Self.trace)
        #expect(context.spanID.hex != Self.span)
    }

    @Test(
        "Headers that start a trace anew",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
            "00-\(trace)-\(span)-01.",
            "00-\(trace)-\(span)-01-extra", "cc-\(trace)-\(span)-01.extra", "ff-\(trace)-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "0x-\(trace)-\(span)-01",
            "00-\(trace)-\(span)-0X", "00-\(trace)-\(span)-.0", "00_\(trace)_\(span)_01", " 00-\(trace)-\(span)-01",
            "00-\(trace)\(trace)-\(span)-01", "00-é\(trace.dropFirst(2))-\(span)-01",
        ])
    func restarts(header: String) throws {
        let out = Bench().passedOn(["traceparent": header, "tracestate": "vendor=1"])
        let context = try #require(SpanContext(traceParent: out["traceparent"] ?? ""))
        #expect(context.traceID.hex != Self.trace)
        #expect(out["tracestate"] == nil, "a tracestate without its traceparent is discarded")
    }

    @Test(
        "The random flag is passed on as it came, other unknown flags are not",
        arguments: [("00", "01"), ("01", "01"), ("02", "03"), ("03", "03"), ("ff", "03"), ("04", "01")])
    func flags(incoming: String, outgoing: String) {
        let bench = Bench { $0.sampler = AlwaysOnSampler() }
        let out = bench.passedOn(["traceparent": "00-\(Self.trace)-\(Self.span)-\(incoming)"])
        #expect(out["traceparent"]?.suffix(2) == outgoing[...])
    }

    @Test("A new trace is random in its right-most seven bytes and says so")
    func random() throws {
        let bench = Bench()
        let contexts = try (0..<1000).map { _ in
            try #require(SpanContext(traceParent: bench.passedOn([:])["traceparent"] ?? ""))
        }
        #expect(contexts.allSatisfy { $0.flags == [.sampled, .random] })
        #expect(Set(contexts.map { $0.traceID.low & 0x00FF_FFFF_FFFF_FFFF }).count == 1000)
        let ones = contexts.reduce(0) { $0 + ($1.traceID.low & 0x00FF_FFFF_FFFF_FFFF).nonzeroBitCount }
        #expect((27_000...29_000).contains(ones), "half of 56,000 bits, give or take eight standard deviations")
    }

    static let longKey = String(repeating: "k", count: 256)

    @Test(
        "Lists that are passed on",
        arguments: [
            ("a=1", "a=1"), ("a=1,b=2", "a=1,b=2"), ("a=1 ,\t b=2", "a=1,b=2"), ("a=1,,b=2,", "a=1,b=2"),
            ("0a=1", "0a=1"), ("a@b=1", "a@b=1"), ("a_-*/=x y", "a_-*/=x y"), ("\(longKey)=1", "\(longKey)=1"),
        ])
    func states(incoming: String, outgoing: String) {
        let out = Bench().passedOn(["traceparent": "00-\(Self.trace)-\(Self.span)-01", "tracestate": incoming])
        #expect(out["tracestate"] == outgoing)
    }

    @Test(
        "Lists that are discarded whole, while the traceparent stays",
        arguments: [
            "A=1", "a", "=1", "a=1,a=2", "a =1", "a=1=2", "a=\u{7F}", "\(longKey)k=1", "a=\(longKey)x", "é=1",
            (0..<33).map { "k\($0)=1" }.joined(separator: ","),
        ])
    func badStates(header: String) {
        let out = Bench().passedOn(["traceparent": "00-\(Self.trace)-\(Self.span)-01", "tracestate": header])
        #expect(out["tracestate"] == nil)
        #expect(out["traceparent"]?.contains(Self.trace) == true)
    }

    @Test("32 members are passed on; a list over 512 bytes loses its long members first, then its last, whole")
    func bounds() throws {
        let full = (0..<32).map { "k\($0)=1" }.joined(separator: ",")
        #expect(TraceState(header: full)?.bounded.header == full)
        let long = "long=" + String(repeating: "x", count: 200)
        let short = (0..<8).map { "s\($0)=" + String(repeating: "y", count: 61) }
        let state = try #require(TraceState(header: ([short[0], long] + short.dropFirst()).joined(separator: ",")))
        #expect(state.bounded.header == short.prefix(7).joined(separator: ","))
        #expect(state.bounded.header.utf8.count <= 512)
    }

    @Test("A changed member goes to the front and stands once")
    func change() throws {
        var state = try #require(TraceState(header: "a=1,b=2"))
        state["b"] = "3"
        #expect(state.header == "b=3,a=1")
        state["c"] = "4"
        #expect(state.header == "c=4,b=3,a=1")
        state["A"] = "5"
        #expect(state.header == "c=4,b=3,a=1", "the grammar has no upper case")
        state["c"] = nil
        #expect(state.header == "b=3,a=1")
    }
}
