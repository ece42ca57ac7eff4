import FlowFixtures
import Testing
import ThroughlineModel
import ThroughlineZipkin

/// Our own spans, to Zipkin and back.
@Suite struct RoundTripTests {
    @Test func `spans with everything come back as they were`() throws {
        var spans = RandomSpans(seed: 7)
        for size in [1, 2, 17, 2_000] {
            let records = spans.next(size)
            let decoded = try Zipkin.decode(Zipkin.encode(records))
            #expect(decoded.problems.isEmpty)
            #expect(decoded.spans.count == size)
            for (read, written) in zip(decoded.spans, records) where read != written {
                Issue.record("read \(read)\nwritten \(written)")
                return
            }
        }
    }

    @Test func `the golden flow comes back as it was`() throws {
        let records = GoldenFlow.order.records
        #expect(try Zipkin.decode(Zipkin.encode(records)).spans == records)
    }

    /// Attributes whose names mean something to Zipkin, or to the resource, and texts that look like other values.
    @Test func `no attribute is lost for its name or its text`() throws {
        var record = span()
        record.attributes = [
            "error": "false", "otel.status_code": "OK", "otel.scope.name": 5, "otlp.link.0": "none",
            "otlp.link.x": "y", "w3c.tracestate": "z", "throughline.exact": "{}", "service.name": "mine",
            "service.version": 3, "host.name": "span's", "shared.key": "span's", "process.pid": "4242",
            "messaging.batch.message_count": "3", "server.port": 80, "true": "true", "1": "1", "number": 1.0,
            "nan-like": .double(.infinity), "": "empty key", "peer.service": "Billing",
            "nested": .map(["a": [1, 2.0, "x"]]),
            "bytes": .bytes([0, 255]), "list": [1, true, "b", .bytes([1])], "Ünïcode": "é",
        ]
        record.resource = Resource(attributes: [
            "service.name": "Orders", "host.name": "node", "shared.key": "resource's", "odd": 7, "error": true,
            "process.pid": 12,
        ])
        #expect(try Zipkin.decode(Zipkin.encode([record])).spans == [record])
    }

    @Test(arguments: [
        "\"quoted\"", "{\"a\":{}}", "\"a\":{\"b\":1}", "a|{}|3", "a|b|c", "", "plain", "error", "{", "\"\":",
    ])
    func `no event is lost for its name`(_ name: String) throws {
        var record = span()
        record.events = [
            SpanEvent(name: name, time: record.start),
            SpanEvent(name: name, time: record.start, attributes: ["$bytes": "x"]),
            SpanEvent(name: name, time: record.start, attributes: ["a": 1, "b": [1.5]], droppedAttributes: 2),
        ]
        #expect(try Zipkin.decode(Zipkin.encode([record])).spans == [record])
    }

    @Test(arguments: ["a=|{}|0", "a=x|y,b@c=|{", "k={\"a\":1}"])
    func `no link is lost for its trace state`(_ state: String) throws {
        var record = span()
        let context = SpanContext(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), flags: [.sampled, .random],
            traceState: try #require(TraceState(header: state)), isRemote: true)
        record.links = [
            SpanLink(context: context, attributes: ["throughline.link.type": "replay-of", "a|b": "|{}|5"]),
            SpanLink(context: context, droppedAttributes: 4),
        ]
        record.traceState = context.traceState
        #expect(try Zipkin.decode(Zipkin.encode([record])).spans == [record])
    }

    @Test(arguments: [0, 1, 999, 1_000, 1_001, 123_456_789_012] as [UInt64])
    func `times are exact to the nanosecond`(_ duration: UInt64) throws {
        var record = span()
        record.end = record.start.advanced(byNanoseconds: duration)
        #expect(try Zipkin.decode(Zipkin.encode([record])).spans == [record])
        // A clock that was set back.
        (record.start, record.end) = (record.end ?? record.start, record.start)
        #expect(try Zipkin.decode(Zipkin.encode([record])).spans == [record])
    }

    @Test func `a span that has not ended is left out, and an empty message is none`() throws {
        var open = span()
        open.end = nil
        #expect(Zipkin.encode([open]) == Array("[]".utf8))
        var record = span()
        record.status = .error("")
        #expect(try Zipkin.decode(Zipkin.encode([record])).spans.first?.status == .error())
    }

    private func span() -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 0xA, low: 0xB), spanID: SpanID(0xC), name: "send Orders", kind: .producer,
            start: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_123_456_789),
            end: Timestamp(nanosecondsSinceEpoch: 1_700_000_000_223_456_788))
    }
}
