import Testing
import ThroughlineModel
import ThroughlineOTLP

@Suite struct FlagsTests {
    @Test(arguments: [("", .sampled), (#", "flags":256"#, []), (#", "flags":258"#, .random)] as [(String, TraceFlags)])
    func `a span without flags was sampled, else it would not have been sent`(field: String, flags: TraceFlags) throws {
        let text = """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
            "spanId":"0102030405060708","name":"send","startTimeUnixNano":"1","endTimeUnixNano":"2"\(field)}]}]}]}
            """
        let spans = try OTLP.decode(Array(text.utf8), as: .json)
        #expect(spans.map(\.flags) == [flags])
        #expect(try OTLP.decode(OTLP.encode(spans)).map(\.flags) == [flags])
    }
}
