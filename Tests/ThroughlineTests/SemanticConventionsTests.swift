import Testing

@testable import Throughline

@Suite struct SemanticConventionsTests {
    @Test(
        arguments: [
            (nil, false), ("", false), ("messaging", false), ("http/dup,database", false), ("messaging/dup", true),
            ("http, messaging/dup", true), ("messaging,messaging/dup", true),
        ] as [(String?, Bool)])
    func `OTEL_SEMCONV_STABILITY_OPT_IN asks for the old names with messaging/dup`(_ list: String?, _ expected: Bool) {
        #expect(SemanticConventions.recordsOldNames(optIn: list) == expected)
    }
}
