import Foundation
import Testing
import ThroughlineModel
import ThroughlineZipkin

/// OpenTelemetry's mapping to Zipkin (specification/trace/sdk_exporters/zipkin.md), field by field.
@Suite struct MappingTests {
    @Test func `the service name is that of the resource, else the default one`() throws {
        var record = span()
        record.resource.attributes = ["service.name": "checkout", "service.namespace": "shop", "host.name": "n1"]
        let json = try encoded(record)
        #expect(json["localEndpoint"] as? [String: String] == ["serviceName": "checkout"])
        #expect(try tags(record)["service.namespace"] == "shop")
        #expect(try tags(record)["host.name"] == "n1")
        #expect(try tags(record)["service.name"] == nil)
        record.resource = Resource()
        #expect(try encoded(record)["localEndpoint"] as? [String: String] == ["serviceName": "unknown_service"])
    }

    @Test(
        arguments: [
            (SpanKind.client, "CLIENT"), (.server, "SERVER"), (.producer, "PRODUCER"), (.consumer, "CONSUMER"),
            (.internal, nil), (.unspecified, nil),
        ] as [(SpanKind, String?)])
    func `kinds are Zipkin's, and an internal span has none`(_ kind: SpanKind, _ name: String?) throws {
        var record = span()
        record.kind = kind
        #expect(try encoded(record)["kind"] as? String == name)
        #expect(try encoded(record).keys.contains("kind") == (name != nil))
    }

    @Test func `the scope has today's names and those of before`() throws {
        var record = span()
        record.scope = InstrumentationScope(name: "lib", version: "1.2")
        let tags = try tags(record)
        #expect(tags["otel.scope.name"] == "lib" && tags["otel.scope.version"] == "1.2")
        #expect(tags["otel.library.name"] == "lib" && tags["otel.library.version"] == "1.2")
    }

    @Test func `values are text: truth in lower case, numbers as they are, arrays as JSON`() throws {
        var record = span()
        record.attributes = [
            "yes": true, "no": false, "int": -7, "double": 1.5, "list": ["a", 1, true, 2.5], "empty": .array([]),
            "map": .map(["k": "v"]), "text": "as it is \"quoted\"",
        ]
        let tags = try tags(record)
        #expect(tags["yes"] == "true" && tags["no"] == "false")
        #expect(tags["int"] == "-7" && tags["double"] == "1.5")
        #expect(tags["list"] == #"["a",1,true,2.5]"# && tags["empty"] == "[]" && tags["map"] == #"{"k":"v"}"#)
        #expect(tags["text"] == "as it is \"quoted\"")
    }

    @Test(
        arguments: [
            (SpanStatus.unset, nil, nil), (.ok, "OK", nil), (.error("boom"), "ERROR", "boom"), (.error(), "ERROR", ""),
        ] as [(SpanStatus, String?, String?)])
    func `status and error have their tags`(_ status: SpanStatus, _ code: String?, _ error: String?) throws {
        var record = span()
        // Zipkin shows any span with this tag as failed, so that an attribute of that name has no tag.
        record.attributes = ["error": false]
        record.status = status
        let tags = try tags(record)
        #expect(tags["otel.status_code"] == code)
        #expect(tags["error"] == error)
    }

    @Test func `what the limits left out is counted`() throws {
        var record = span()
        #expect(try tags(record).keys.filter { $0.hasPrefix("otel.dropped") }.isEmpty)
        record.dropped = DroppedCounts(attributes: 1, events: 2, links: 3)
        let tags = try tags(record)
        #expect(tags["otel.dropped_attributes_count"] == "1")
        #expect(tags["otel.dropped_events_count"] == "2")
        #expect(tags["otel.dropped_links_count"] == "3")
    }

    @Test func `events are annotations, with their attributes behind the name`() throws {
        var record = span()
        #expect(try encoded(record)["annotations"] == nil)
        let time = Timestamp(nanosecondsSinceEpoch: 1_234_567_891_999)
        record.events = [
            SpanEvent(name: "retried", time: time),
            SpanEvent(name: "exception", time: time, attributes: ["exception.type": "E", "n": 2]),
        ]
        let annotations = try #require(try encoded(record)["annotations"] as? [[String: Any]])
        #expect(annotations.map { $0["timestamp"] as? Int } == [1_234_567_891, 1_234_567_891])
        #expect(
            annotations.map { $0["value"] as? String } == ["retried", #""exception":{"exception.type":"E","n":2}"#])
    }

    @Test func `times are whole microseconds, and a duration is at least one`() throws {
        var record = span()
        record.start = Timestamp(nanosecondsSinceEpoch: 1_700_000_000_123_456_789)
        for (nanoseconds, microseconds) in [(1_234, 1), (1, 1), (0, 1), (1_999_999, 1_999)] as [(UInt64, Int)] {
            record.end = record.start.advanced(byNanoseconds: nanoseconds)
            let json = try encoded(record)
            #expect(json["timestamp"] as? Int == 1_700_000_000_123_456)
            #expect(json["duration"] as? Int == microseconds)
        }
        #expect(!String(decoding: Zipkin.encode([record]), as: UTF8.self).contains(".123"))
    }

    /// The ranking of the specification: each attribute is there with all that come behind it.
    @Test func `the other side is named by the first attribute of the ranking`() throws {
        let ranking: [(Attributes, [String: String])] = [
            (["peer.service": "billing"], ["serviceName": "billing"]),
            (["server.address": "api.example"], ["serviceName": "api.example"]),
            (["net.peer.name": "old.example"], ["serviceName": "old.example"]),
            (["network.peer.address": "10.1.2.3", "network.peer.port": 9_092], ["ipv4": "10.1.2.3", "port": "9092"]),
            (["server.socket.domain": "sock.example"], ["serviceName": "sock.example"]),
            (["server.socket.address": "fe80::1", "server.socket.port": 80], ["ipv6": "fe80::1", "port": "80"]),
            (["net.sock.peer.name": "peer.example"], ["serviceName": "peer.example"]),
            (["net.sock.peer.addr": "10.9.9.9"], ["ipv4": "10.9.9.9"]),
            (["peer.hostname": "ot.example"], ["serviceName": "ot.example"]),
            (["peer.address": "1.2.3.4"], ["ipv4": "1.2.3.4"]), (["db.name": "orders"], ["serviceName": "orders"]),
            (["messaging.system": "kafka"], ["serviceName": "kafka"]), ([:], [:]),
        ]
        for rank in ranking.indices {
            var record = span()
            for (attributes, _) in ranking[rank...].reversed() {
                for element in attributes { record.attributes[element.key] = element.value }
            }
            let endpoint = try encoded(record)["remoteEndpoint"] as? [String: Any]
            #expect(endpoint?.mapValues { "\($0)" } ?? [:] == ranking[rank].1)
            record.kind = .server
            #expect(try encoded(record)["remoteEndpoint"] == nil)
        }
    }

    @Test func `what Zipkin has no field for has a tag`() throws {
        var record = span()
        record.traceState = try #require(TraceState(header: "vendor=x"))
        record.links = [
            SpanLink(
                context: SpanContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), flags: .sampled),
                attributes: ["throughline.link.type": "creation"])
        ]
        record.attributes = ["throughline.message.causation_id": "m-1"]
        let tags = try tags(record)
        #expect(tags["w3c.tracestate"] == "vendor=x")
        #expect(
            tags["otlp.link.0"]
                == #"00000000000000010000000000000002|0000000000000003||{"throughline.link.type":"creation"}|0"#)
        #expect(tags["throughline.message.causation_id"] == "m-1")
        #expect(tags["throughline.exact"] != nil)
    }

    private func span() -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "send orders", kind: .producer,
            start: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_000),
            end: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_001_000))
    }

    private func encoded(_ record: SpanRecord) throws -> [String: Any] {
        let list = try JSONSerialization.jsonObject(with: Data(Zipkin.encode([record]))) as? [[String: Any]]
        return try #require(list?.first)
    }

    private func tags(_ record: SpanRecord) throws -> [String: String] {
        try #require(try encoded(record)["tags"] as? [String: String])
    }
}
