import Testing
import ThroughlineModel

@Suite("Trace state")
struct TraceStateTests {
    static let key = String(repeating: "k", count: 256)
    static let value = String(repeating: "v", count: 256)

    @Test(
        "Members are read in their order, without the white space around them",
        arguments: [
            ("a=1", [["a", "1"]]), ("b=2,a=1", [["b", "2"], ["a", "1"]]),
            (" a=1\t,\tb=2 ", [["a", "1"], ["b", "2"]]),
            ("a= 1", [["a", " 1"]]), ("a=!\"#$%&'()*+-./:;<>?@[]^_`{|}~", [["a", "!\"#$%&'()*+-./:;<>?@[]^_`{|}~"]]),
            ("\(key)=\(value)", [[key, value]]), (",a=1,,", [["a", "1"]]), ("", []), (" , ", []),
            ("1@t-*_/=x", [["1@t-*_/", "x"]]),
        ])
    func reads(header: String, members: [[String]]) throws {
        let state = try #require(TraceState(header: header))
        #expect(state.members.map { [$0.key, $0.value] } == members)
        #expect(state.isEmpty == members.isEmpty)
        #expect(state.header == members.map { $0.joined(separator: "=") }.joined(separator: ","))
    }

    @Test(
        "One bad member discards the list",
        arguments: [
            "a", "=1", "a=", "a= ", "A=1", "_a=1", "@a=1", "a b=1", "a\t=1", "a=1\u{1}", "a=ü", "a=1=", "a=x\tb",
            "\(key)k=1", "a=\(value)v", "a=1,b=2,a=3", "a=1,a=1", "a=1;b=2=3", "a:b=1", "a=1,\u{301}b=2",
        ])
    func discards(header: String) {
        #expect(TraceState(header: header) == nil)
        #expect(TraceState(header: "ok=1,\(header)") == nil)
    }

    @Test("32 members are read, 33 are not; empty ones do not count")
    func members() {
        func list(_ count: Int) -> String { (0..<count).map { "k\($0)=\($0)" }.joined(separator: ",") }
        #expect(TraceState(header: list(32))?.members.count == 32)
        #expect(TraceState(header: ",," + list(32) + ",,")?.members.count == 32)
        #expect(TraceState(header: list(33)) == nil)
    }

    @Test("A member that is added to a full list drives out the last one")
    func full() throws {
        var state = try #require(TraceState(header: (0..<32).map { "k\($0)=1" }.joined(separator: ",")))
        state["new"] = "1"
        #expect(state.members.count == 32)
        #expect(state.members.first?.key == "new")
        #expect(state["k31"] == nil && state["k30"] == "1")
        state["k5"] = "2"
        #expect(state.members.prefix(2).map(\.key) == ["k5", "new"] && state.members.count == 32)
    }

    @Test(
        "A key or value that the grammar forbids changes nothing",
        arguments: [("B", "1"), ("", "1"), ("b", ""), ("b", "1,2"), ("b", "1=2"), ("b", "1 "), ("b", "ü"), ("a", "")])
    func refuses(key: String, value: String) {
        var state = TraceState()
        state["a"] = "1"
        state[key] = value
        #expect(state.header == "a=1")
    }

    @Test("Removing what is not there changes nothing; removing the last leaves an empty list")
    func removes() throws {
        var state = try #require(TraceState(header: "a=1,b=2"))
        state["c"] = nil
        #expect(state.header == "a=1,b=2")
        state["a"] = nil
        state["b"] = nil
        #expect(state.isEmpty && state == TraceState())
    }

    @Test("512 bytes are passed on as they are, one more loses whole members")
    func bounds() throws {
        let start = (0..<4).map { "k\($0)=" + String(repeating: "x", count: 119) }.joined(separator: ",") + ",e="
        let full = try #require(TraceState(header: start + String(repeating: "f", count: 512 - start.utf8.count)))
        #expect(full.header.utf8.count == 512)
        #expect(full.bounded == full)
        let over = try #require(TraceState(header: full.header + "f"))
        #expect(over.bounded.members.map(\.key) == ["k0", "k1", "k2", "k3"])
    }
}

@Suite("The traceparent header")
struct TraceParentTests {
    static let trace = TraceID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    @Test("What is written is read again, for all flags that Level 2 knows", arguments: 0...3 as ClosedRange<UInt8>)
    func roundTrip(flags: UInt8) throws {
        let context = SpanContext(traceID: Self.trace, spanID: SpanID(0xA), flags: TraceFlags(rawValue: flags))
        #expect(context.traceParent == "00-0123456789abcdeffedcba9876543210-000000000000000a-0\(flags)")
        let read = try #require(SpanContext(traceParent: context.traceParent))
        #expect(read.traceID == context.traceID && read.spanID == context.spanID && read.flags == context.flags)
        #expect(read.isRemote && !context.isRemote)
        #expect(read.isSampled == (flags & 1 == 1))
    }

    @Test("Unknown flags are neither written nor kept when read")
    func unknownFlags() throws {
        let context = SpanContext(traceID: Self.trace, spanID: SpanID(1), flags: TraceFlags(rawValue: 0xFD))
        #expect(context.traceParent.hasSuffix("-01"))
        let header = context.traceParent.dropLast(2) + "fe"
        #expect(SpanContext(traceParent: header)?.flags == [.random])
    }

    @Test(
        "Bytes that are no UTF-8, or more of them than characters, are no header",
        arguments: ["\u{FFFD}", "é", "\u{0}"])
    func foreignBytes(flaw: String) {
        let header = SpanContext(traceID: Self.trace, spanID: SpanID(1)).traceParent
        for position in [0, 2, 3, 35, 36, 52, 54] {
            let bytes =
                header.utf8.prefix(position) + Array(flaw.utf8) + header.utf8.dropFirst(position + flaw.utf8.count)
            #expect(SpanContext(traceParent: String(decoding: bytes, as: UTF8.self)) == nil)
        }
    }
}
