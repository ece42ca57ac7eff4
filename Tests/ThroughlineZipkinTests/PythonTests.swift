import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineZipkin

/// OpenTelemetry's Zipkin exporter for Python is the judge of the mapping.
///
/// What it does otherwise on purpose is named here and put right before the comparison: it rounds times where the
/// specification's example cuts them, makes the elements of arrays text, puts the annotation of an event in braces, sets
/// `debug` on sampled spans, names no remote endpoint, and has no room for bytes and maps.
@Suite struct PythonTests {
    @Test func `Python encodes 3,000 spans to the same fields`() throws {
        let records = plainSpans(3_000)
        let theirs = try list(pythonEncoded(records))
        let ours = try list(Zipkin.encode(records))
        #expect(theirs.count == records.count && ours.count == records.count)
        let byID = Dictionary(uniqueKeysWithValues: ours.map { ($0["id"] as? String ?? "", $0) })
        for their in theirs {
            let our = try #require(byID[their["id"] as? String ?? ""])
            let differences = try differences(our, their)
            if !differences.isEmpty {
                Issue.record("\(differences)\nours \(our)\nPython's \(their)")
                return
            }
        }
    }

    @Test func `what Python encoded is read as the spans that it had`() throws {
        let records = plainSpans(1_000)
        let decoded = try Zipkin.decode(pythonEncoded(records))
        #expect(decoded.problems.isEmpty && decoded.spans.count == records.count)
        let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.spanID, $0) })
        for read in decoded.spans {
            let record = try #require(byID[read.spanID])
            #expect(read.traceID == record.traceID && read.parentID == record.parentID && read.name == record.name)
            #expect(read.kind == (record.kind == .unspecified ? .internal : record.kind))
            #expect(read.status == record.status && read.dropped == record.dropped)
            #expect(read.resource.serviceName == record.resource.serviceName ?? "unknown_service")
            #expect(read.scope.name == record.scope.name && read.scope.version == record.scope.version)
            #expect(isNear(read.start, record.start))
            #expect(read.events.map(\.name) == record.events.map(\.name))
            for (key, value) in record.attributes.map({ ($0.key, $0.value) }) {
                if case .string(let text) = value { #expect(read.attributes[key] == .string(text)) }
                if case .int(let number) = value { #expect(read.attributes[key] == .string("\(number)")) }
            }
            for (left, right) in zip(read.events, record.events) {
                #expect(left.attributes.filter(isPlain) == right.attributes.filter(isPlain))
            }
        }
    }

    /// Spans of what Python's exporter can write.
    private func plainSpans(_ count: Int) -> [SpanRecord] {
        var spans = RandomSpans(seed: 2_028)
        return spans.next(count).map { record in
            var record = record
            record.attributes = plain(record.attributes)
            for index in record.events.indices {
                record.events[index].attributes = plain(record.events[index].attributes)
                record.events[index].droppedAttributes = 0
            }
            record.links = []
            return record
        }
    }

    private func plain(_ attributes: Attributes) -> Attributes {
        Attributes(
            uniqueElements: attributes.filter { element in
                switch element.value {
                case .bytes, .map: false
                case .array(let values): values.allSatisfy { isText($0) }
                default: true
                }
            })
    }

    private func isText(_ value: AttributeValue) -> Bool {
        if case .string = value { true } else { false }
    }

    private func isPlain(_ element: Attributes.Element) -> Bool { element.value != .double(0) }

    private func isNear(_ left: Timestamp, _ right: Timestamp) -> Bool {
        max(left.nanoseconds(until: right), right.nanoseconds(until: left)) < 1_000
    }

    private func pythonEncoded(_ records: [SpanRecord]) throws -> [UInt8] {
        try withTemporaryFile(OTLP.encode(records)) { otlp in
            try withTemporaryFile { zipkin in
                _ = try InteropPython.run("zipkin.py", otlp, zipkin)
                return Array(try Data(contentsOf: URL(filePath: zipkin)))
            }
        }
    }

    private func list(_ bytes: [UInt8]) throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [[String: Any]])
    }

    private func differences(_ our: [String: Any], _ their: [String: Any]) throws -> [String] {
        var wrong: [String] = []
        for key in ["traceId", "id", "parentId", "kind"] where text(our[key]) != text(their[key]) { wrong.append(key) }
        if text(our["name"]) ?? "" != text(their["name"]) { wrong.append("name") }
        if endpoint(our) != endpoint(their) { wrong.append("localEndpoint") }
        for key in ["timestamp", "duration"] {
            let (ours, theirs) = (our[key] as? Int ?? 0, their[key] as? Int ?? 0)
            if !(ours...(ours + 1)).contains(theirs), theirs != 0 || ours != 1 { wrong.append(key) }
        }
        wrong += tagDifferences(our["tags"] as? [String: String] ?? [:], their["tags"] as? [String: Any] ?? [:])
        let ours = try annotations(our)
        let theirs = try annotations(their)
        if ours != theirs { wrong.append("annotations \(ours) \(theirs)") }
        return wrong
    }

    private func tagDifferences(_ ours: [String: String], _ theirs: [String: Any]) -> [String] {
        var wrong: [String] = []
        for (key, their) in theirs {
            // Python names a scope that has no version, and one that has no name.
            guard let their = their as? String, !(key.hasPrefix("otel.") && their.isEmpty && ours[key] == nil) else {
                continue
            }
            // A resource without a service gets a name of Python's.
            if key == "service.name" || key.hasPrefix("telemetry.") { continue }
            let our = ours[key]
            let isSameNumber = our.flatMap(Double.init) != nil && our.flatMap(Double.init) == Double(their)
            if our != their, !isSameNumber, !isSameArray(our, their) {
                wrong.append("tag \(key): \(our ?? "-"), not \(their)")
            }
        }
        let own = ["throughline.exact", "w3c.tracestate"]
        wrong += ours.keys.filter { theirs[$0] == nil && !own.contains($0) }.map { "tag \($0) is not Python's" }
        return wrong
    }

    /// Python writes JSON in ASCII.
    private func isSameArray(_ left: String?, _ right: String) -> Bool {
        let arrays = [left ?? "", right].map { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String] }
        return arrays[0] != nil && arrays[0] == arrays[1]
    }

    private func text(_ value: Any?) -> String? { value as? String }

    private func endpoint(_ span: [String: Any]) -> String? {
        (span["localEndpoint"] as? [String: Any])?["serviceName"] as? String
    }

    /// Names and attributes as one JSON text each; ours gets the braces that Python has.
    private func annotations(_ span: [String: Any]) throws -> [String] {
        try (span["annotations"] as? [[String: Any]] ?? []).map { annotation in
            let value = text(annotation["value"]) ?? ""
            let braced = value.hasPrefix("\"") ? "{\(value)}" : value
            let object = try? JSONSerialization.jsonObject(with: Data(braced.utf8)) as? [String: Any]
            return String(
                decoding: try JSONSerialization.data(withJSONObject: object ?? [value: [:]], options: .sortedKeys),
                as: UTF8.self)
        }
    }
}
