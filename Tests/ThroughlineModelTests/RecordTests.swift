import Testing
import ThroughlineModel

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "A moment as ISO 8601",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"), (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000Z"), (1_735_603_200, "2024-12-31T00:00:00.000Z"),
            (1_740_700_800, "2025-02-28T00:00:00.000Z"), (1_740_787_200, "2025-03-01T00:00:00.000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000Z"), (4_107_456_000, "2100-02-28T00:00:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"), (13_574_563_200, "2400-02-29T00:00:00.000Z"),
        ] as [(UInt64, String)])
    func iso8601(seconds: UInt64, text: String) {
        #expect(Timestamp(nanosecondsSinceEpoch: seconds * 1_000_000_000).iso8601 == text)
    }

    @Test("Milliseconds are cut, not rounded, so that no moment moves into the next second or year")
    func cut() {
        let last = Timestamp(nanosecondsSinceEpoch: 1_798_761_599_999_999_999)
        #expect(last.iso8601 == "2026-12-31T23:59:59.999Z")
        #expect(last.timeOfDay == "23:59:59.999")
        #expect(last.advanced(byNanoseconds: 1).iso8601 == "2027-01-01T00:00:00.000Z")
        #expect(Timestamp(nanosecondsSinceEpoch: .max).iso8601 == "2554-07-21T23:34:33.709Z")
    }

    @Test("A clock that was set back gives no negative time")
    func differences() {
        let early = Timestamp(nanosecondsSinceEpoch: 10)
        let late = early.advanced(byNanoseconds: 5)
        #expect(early < late)
        #expect(early.nanoseconds(until: late) == 5)
        #expect(late.nanoseconds(until: early) == 0)
        var record = SpanRecord(traceID: TraceID(high: 0, low: 1), spanID: SpanID(1), name: "work", start: late)
        #expect(record.duration == nil)
        record.end = early
        #expect(record.duration == 0)
    }
}

@Suite("Parts of a span")
struct RecordTests {
    @Test("Only an error keeps its message")
    func status() {
        #expect(SpanStatus(code: .ok, message: "fine") == .ok)
        #expect(SpanStatus(code: .unset, message: "?") == .unset)
        #expect(SpanStatus(code: .error, message: "card refused") == .error("card refused"))
        #expect(SpanStatus.error("a") != .error())
    }

    @Test("A link tells its type when it has one that is known", arguments: LinkType.allCases)
    func links(type: LinkType) {
        let context = SpanContext(traceID: TraceID(high: 0, low: 1), spanID: SpanID(1))
        func link(_ name: AttributeValue) -> SpanLink {
            SpanLink(context: context, attributes: [ThroughlineAttribute.linkType: name])
        }
        #expect(link(.string(type.rawValue)).type == type)
        #expect(link("of-the-future").type == nil)
        #expect(link(1).type == nil)
        #expect(SpanLink(context: context).type == nil)
    }

    @Test("A resource has a service's name when that is text")
    func resource() {
        #expect(Resource(attributes: ["service.name": "checkout"]).serviceName == "checkout")
        #expect(Resource(attributes: ["service.name": 1]).serviceName == nil)
        #expect(Resource().serviceName == nil)
    }

    @Test("Nothing is dropped until something is")
    func dropped() {
        #expect(DroppedCounts().isEmpty)
        #expect(!DroppedCounts(attributes: 1).isEmpty && !DroppedCounts(events: 1).isEmpty)
        #expect(!DroppedCounts(links: 1).isEmpty)
    }
}
