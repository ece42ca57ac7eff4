import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineOTLP

/// Python's opentelemetry-proto is the judge of the protobuf encoding.
@Suite struct PythonTests {
    @Test func `Python decodes 10,000 spans of ours to the same values`() throws {
        var spans = RandomSpans(seed: 2_026)
        let records = spans.next(10_000)
        let output = try withTemporaryFile(OTLP.encode(records)) { try InteropPython.run("otlp.py", "read", $0) }
        let lines = output.split(separator: "\n").map(String.init)
        // Grouping changes the order; what is said of each span does not.
        let expected = Set(try records.map(line))
        #expect(lines.count == 10_000)
        #expect(Set(lines) == expected)
        if let wrong = lines.first(where: { !expected.contains($0) }) { Issue.record("Python read \(wrong)") }
    }

    @Test func `what Python wrote is read as it was`() throws {
        var spans = RandomSpans(seed: 2_027)
        let records = spans.next(2_000)
        let written = try withTemporaryFile(OTLP.encode(records)) { path in
            _ = try InteropPython.run("otlp.py", "write", path)
            return Array(try Data(contentsOf: URL(filePath: path)))
        }
        #expect(Set(try OTLP.decode(written)) == Set(records))
    }

    private func line(_ span: SpanRecord) throws -> String {
        let values: [String: Any] = [
            "resource": [attributes(span.resource.attributes), span.resource.schemaURL ?? ""],
            "scope": [
                span.scope.name, span.scope.version ?? "", attributes(span.scope.attributes),
                span.scope.schemaURL ?? "",
            ],
            "ids": [
                span.traceID.hex, span.spanID.hex, span.parentID?.hex ?? "", span.traceState.header,
                flags(span.flags, span.parentIsRemote),
            ],
            "name": span.name, "kind": span.kind.rawValue,
            "times": ["\(span.start.nanosecondsSinceEpoch)", "\(span.end?.nanosecondsSinceEpoch ?? 0)"],
            "attributes": attributes(span.attributes),
            "events": span.events.map {
                [$0.name, "\($0.time.nanosecondsSinceEpoch)", attributes($0.attributes), $0.droppedAttributes]
            },
            "links": span.links.map {
                [
                    $0.context.traceID.hex, $0.context.spanID.hex, $0.context.traceState.header,
                    flags($0.context.flags, $0.context.isRemote), attributes($0.attributes), $0.droppedAttributes,
                ]
            }, "status": [span.status.code.rawValue, span.status.message ?? ""],
            "dropped": [span.dropped.attributes, span.dropped.events, span.dropped.links],
        ]
        let data = try JSONSerialization.data(
            withJSONObject: values, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }

    private func flags(_ flags: TraceFlags, _ isRemote: Bool) -> Int {
        Int(flags.rawValue) | 0x100 | (isRemote ? 0x200 : 0)
    }

    private func attributes(_ attributes: Attributes) -> [Any] { attributes.map { [$0.key, value($0.value)] } }

    private func value(_ value: AttributeValue) -> [Any] {
        switch value {
        case .string(let text): ["string", text]
        case .bool(let flag): ["bool", flag]
        case .int(let number): ["int", "\(number)"]
        case .double(let number): ["double", hex(number)]
        case .array(let values): ["array", values.map(self.value)]
        case .map(let map): ["map", attributes(map)]
        case .bytes(let bytes): ["bytes", bytes.map { String(format: "%02x", $0) }.joined()]
        }
    }

    /// As Python's float.hex has it.
    private func hex(_ number: Double) -> String {
        if number == 0 { return number.sign == .minus ? "-0x0.0p+0" : "0x0.0p+0" }
        let sign = number < 0 ? "-" : ""
        let mantissa = String(format: "%013llx", number.significandBitPattern)
        if number.isSubnormal { return "\(sign)0x0.\(mantissa)p-1022" }
        return "\(sign)0x1.\(mantissa)p\(number.exponent < 0 ? "" : "+")\(number.exponent)"
    }
}
