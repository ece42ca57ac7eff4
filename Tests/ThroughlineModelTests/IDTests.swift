import Testing
import ThroughlineModel

@Suite("Trace and span ids")
struct IDTests {
    @Test(
        "A trace id reads its own digits back",
        arguments: [
            (0x4BF9_2F35_77B3_4DA6, 0xA3CE_929D_0E0E_4736, "4bf92f3577b34da6a3ce929d0e0e4736"),
            (0, 1, "00000000000000000000000000000001"), (.max, .max, "ffffffffffffffffffffffffffffffff"),
            (0x0123_4567_89AB_CDEF, 0, "0123456789abcdef0000000000000000"),
        ] as [(UInt64, UInt64, String)])
    func traceHex(high: UInt64, low: UInt64, hex: String) {
        let id = TraceID(high: high, low: low)
        #expect(id.hex == hex)
        #expect("\(id)" == hex)
        #expect(TraceID(hex: hex) == id)
        #expect(TraceID(hex: hex.uppercased()) == id)
        #expect(TraceID(hex: "<\(hex)>".dropFirst().dropLast()) == id, "a part of a longer text will do")
    }

    @Test(
        "A span id reads its own digits back",
        arguments: [
            (0x00F0_67AA_0BA9_02B7, "00f067aa0ba902b7"), (1, "0000000000000001"), (.max, "ffffffffffffffff"),
        ] as [(UInt64, String)])
    func spanHex(value: UInt64, hex: String) {
        let id = SpanID(value)
        #expect(id.hex == hex)
        #expect("\(id)" == hex)
        #expect(SpanID(hex: hex) == id)
        #expect(SpanID(hex: hex.uppercased()) == id)
    }

    @Test(
        "What is not all digits, or not as many as needed, is no id",
        arguments: ["", "0", "g", "-", " ", "+", "é", "\u{0}", "0x", "1_"])
    func badHex(flaw: String) {
        for (length, isID) in [(16, { SpanID(hex: $0) != nil }), (32, { TraceID(hex: $0) != nil })]
            as [(Int, (String) -> Bool)]
        {
            let digits = String(repeating: "a", count: length)
            #expect(isID(digits))
            #expect(!isID(digits + flaw) || flaw.isEmpty)
            #expect(!isID(String(digits.dropLast())))
            if flaw.isEmpty || flaw == "0" { continue }
            // The right length in bytes, and still no id.
            #expect(!isID(flaw + digits.dropFirst(flaw.utf8.count)))
            #expect(!isID(digits.dropLast(flaw.utf8.count) + flaw))
        }
    }

    @Test("All zeros can be read and are not valid")
    func zero() throws {
        #expect(TraceID(hex: String(repeating: "0", count: 32))?.isValid == false)
        #expect(SpanID(hex: String(repeating: "0", count: 16))?.isValid == false)
        #expect(TraceID(high: 0, low: 1).isValid && TraceID(high: 1, low: 0).isValid && SpanID(1).isValid)
        let valid = SpanContext(traceID: TraceID(high: 0, low: 1), spanID: SpanID(1))
        #expect(valid.isValid)
        #expect(!SpanContext(traceID: valid.traceID, spanID: SpanID(0)).isValid)
        #expect(!SpanContext(traceID: TraceID(high: 0, low: 0), spanID: valid.spanID).isValid)
    }

    @Test("Ids are ordered as their digits are")
    func order() {
        let ids = [(0, 0), (0, 1), (0, .max), (1, 0), (1, 2), (.max, 0)] as [(UInt64, UInt64)]
        let traces = ids.map { TraceID(high: $0, low: $1) }
        #expect(traces.reversed().sorted() == traces)
        #expect(traces.map(\.hex).sorted() == traces.map(\.hex))
        #expect(SpanID(1) < SpanID(2) && !(SpanID(2) < SpanID(1)) && SpanID(.max) > SpanID(0))
    }

    @Test("Trace ids made a millisecond apart are in the order of time, and tell the time")
    func timeOrdered() {
        let ids = IDGenerator(seed: 7)
        let start = Timestamp.base
        let milliseconds = start.nanosecondsSinceEpoch / 1_000_000
        var previous = TraceID(high: 0, low: 0)
        for number in 0..<1_000 as Range<UInt64> {
            let id = ids.traceID(at: start.advanced(byNanoseconds: number * 1_000_000))
            #expect(id.high >> 16 == milliseconds + number)
            #expect(previous < id)
            previous = id
        }
    }

    @Test("The same seed gives the same ids, and without one two generators differ")
    func seeds() {
        func made(_ seed: UInt64?) -> [SpanID] {
            let ids = IDGenerator(seed: seed)
            return (0..<10).map { _ in ids.spanID() }
        }
        #expect(made(1) == made(1))
        #expect(Set(made(1)).isDisjoint(with: made(2)))
        #expect(Set(made(nil)).isDisjoint(with: made(nil)))
    }

    @Test("Eight tasks that share a generator never get an id twice, nor an invalid one")
    func unique() async {
        let ids = IDGenerator()
        let spans = await withTaskGroup(of: [SpanID].self) { group in
            for _ in 0..<8 { group.addTask { (0..<20_000).map { _ in ids.spanID() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(spans).count == 160_000)
        #expect(spans.allSatisfy { $0.isValid })
        let traces = (0..<20_000).map { _ in ids.traceID(at: .base) }
        #expect(Set(traces.map(\.low)).count == traces.count, "the right half alone tells traces of one moment apart")
    }

    @Test("A state that gives a zero is passed over: no id is all zero")
    func neverZero() {
        // SplitMix64 maps its state 0 to 0; the seed makes the first step arrive there.
        let ids = IDGenerator(seed: 0 &- 0x9E37_79B9_7F4A_7C15)
        #expect(ids.spanID().isValid)
    }
}

extension Timestamp {
    static let base = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000)
}
