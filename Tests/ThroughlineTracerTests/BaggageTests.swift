import Testing
import ThroughlineTracer

@Suite("W3C baggage")
struct BaggageTests {
    @Test(
        "Headers and what they say",
        arguments: [
            ("a=1", ["a": "1"]), ("a=1,b=2", ["a": "1", "b": "2"]), (" a = 1 ,\tb = 2 ", ["a": "1", "b": "2"]),
            ("a=b=c", ["a": "b=c"]), ("a=", ["a": ""]), ("a=%20%C3%A4%2C", ["a": " ä,"]), ("a=%C3", ["a": "\u{FFFD}"]),
            ("a=100%", ["a": "100%"]), ("a=%zz", ["a": "%zz"]), ("a=1;ttl=60;flag", ["a": "1"]), ("", [:]), (",,", [:]),
            ("a", [:]), ("a b=1", [:]), ("a=1 2", [:]), ("a=\"1\"", [:]), ("é=1", [:]), ("a,b=2", ["b": "2"]),
            ("a=1;b c", [:]),
        ] as [(String, [String: String])])
    func reads(header: String, values: [String: String]) {
        let baggage = Baggage(header: header)
        #expect(baggage.members.count == values.count)
        for (key, value) in values { #expect(baggage[key] == value) }
    }

    @Test(
        "What is written can be read again",
        arguments: ["plain", "", " ä,;\\\"%", "a=b", "日本語 🎈", "line\r\nbreak", "100%"])
    func roundTrip(value: String) throws {
        var baggage = Baggage()
        baggage["key"] = value
        let header = try #require(baggage.header)
        #expect(header.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "nothing that could end a header")
        #expect(Baggage(header: header)["key"] == value)
    }

    @Test("Properties, order and doubled keys are kept")
    func keeps() {
        let header = "b=2;ttl=60;flag,a=1,b=3"
        #expect(Baggage(header: header).header == header)
    }

    @Test("64 members and 8,192 bytes are passed on, whole members only beyond")
    func limits() throws {
        let full = (0..<64).map { "k\($0)=v" }.joined(separator: ",")
        #expect(Baggage(header: full).header == full)
        #expect(Baggage(header: full + ",more=1").members.count == 64)
        let value = String(repeating: "v", count: 4090)
        let large = "a=\(value),b=\(value)"
        #expect(Baggage(header: large).header == large, "8,185 bytes")
        var tooLarge = Baggage(header: large)
        tooLarge["c"] = "0123456789"
        #expect(tooLarge.header == large, "the last member did not fit and is left out whole")
    }

    @Test("It travels through a span and is passed on beside the trace context")
    func travels() {
        let out = Bench().passedOn(["baggage": "tenant=acme"])
        #expect(out["baggage"] == "tenant=acme")
        #expect(out["traceparent"] != nil)
    }
}
