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

    @Test(arguments: [("", true), (#", "flags":0"#, true), (#", "flags":768"#, false), (#", "flags":769"#, true)])
    func `a link without flags does not say that the span it points to was not sampled`(
        field: String, isSampled: Bool
    ) throws {
        let text = """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
            "spanId":"0102030405060708","name":"process","startTimeUnixNano":"1","endTimeUnixNano":"2",
            "links":[{"traceId":"0102030405060708090a0b0c0d0e0f11","spanId":"0102030405060709"\(field)}]}]}]}]}
            """
        let spans = try OTLP.decode(Array(text.utf8), as: .json)
        #expect(spans.first?.links.map(\.context.isSampled) == [isSampled])
        #expect(try OTLP.decode(OTLP.encode(spans)) == spans)
    }

    @Test func `nor does it in protobuf`() throws {
        let link: [UInt8] = [0x0A, 16] + (1...16) + [0x12, 8] + (1...8)
        let span: [UInt8] =
            [0x0A, 16] + (1...16) + [0x12, 8] + (11...18) + [0x6A, UInt8(link.count)] + link
        let scope: [UInt8] = [0x12, UInt8(span.count)] + span
        let resource: [UInt8] = [0x12, UInt8(scope.count)] + scope
        let spans = try OTLP.decode([0x0A, UInt8(resource.count)] + resource)
        #expect(spans.first?.links.map(\.context.isSampled) == [true])
    }
}
