import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineStore

@Suite("doctor on exporters")
struct DoctorTests {
    private func span(_ number: UInt64, age: TimeInterval) -> SpanRecord {
        let start = Timestamp(nanosecondsSinceEpoch: UInt64((Date().timeIntervalSince1970 - age) * 1e9) + number)
        return SpanRecord(
            traceID: TraceID(high: 1, low: number), spanID: SpanID(number), name: "send orders", kind: .producer,
            start: start, end: start.advanced(byNanoseconds: 5))
    }

    private func now(_ offset: TimeInterval = 0) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: UInt64((Date().timeIntervalSince1970 + offset) * 1e9))
    }

    /// Forty spans, ten minutes old; `otlp` has delivered ten, had ten refused, and cannot go on; `zipkin` is done.
    private func scratch() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.record((1...40).map { span($0, age: 600) })
        let log = try ExportLog(path: scratch.path())
        let hour: UInt64 = 3_600_000_000_000
        #expect(try log.claim("otlp", by: "checkout (process 7 on node-3)", now: now(), forNanoseconds: hour) == nil)
        try log.advance("otlp", by: "checkout (process 7 on node-3)", past: 10, exported: 9, rejected: 1)
        try log.setAside(
            log.nextBatch(after: 10, ExportLimit(spans: 10)), of: "otlp", by: "checkout (process 7 on node-3)",
            reason: "400: no such tenant", now: now(-180))
        try log.note(
            failure: "503 Service Unavailable", of: "otlp", by: "checkout (process 7 on node-3)", now: now(-12))
        #expect(try log.claim("zipkin", by: "old (process 9 on node-1)", now: now(-7_200), forNanoseconds: 1) == nil)
        try log.advance("zipkin", by: "old (process 9 on node-1)", past: 40, exported: 40)
        return scratch
    }

    @Test("says how far each exporter has come, what keeps it, and what was set aside")
    func text() throws {
        let outcome = try scratch().run("doctor")
        #expect(outcome.code == 0 && outcome.error.isEmpty)
        // A slow machine takes a second or more from one to the other.
        let paragraphs = outcome.output.replacing(/[1-9]\d s ago/, with: "12 s ago").components(separatedBy: "\n\n")
        #expect(paragraphs.count == 3)
        #expect(
            paragraphs[1] == """
                exporter otlp
                  delivered     9 spans
                  waiting       20 spans, the oldest for 10 min
                  rejected      1 span of accepted batches
                  exported by   checkout (process 7 on node-3)
                  last failure  12 s ago: 503 Service Unavailable
                  set aside, refused for good: 10 spans
                    10 spans, 3 min ago: 400: no such tenant
                    Send them again: throughline export --resend-set-aside --name otlp …
                """)
        #expect(
            paragraphs[2] == """
                exporter zipkin
                  delivered    40 spans
                  waiting      nothing
                  exported by  nobody; old (process 9 on node-1) has not been heard of for 2 h

                """)
    }

    @Test("says the same as JSON")
    func json() throws {
        let report: [String: Any] = try scratch().run("doctor", "--json").json()
        let exporters = try #require(report["exporters"] as? [[String: Any]])
        #expect(exporters.map { $0["name"] as? String } == ["otlp", "zipkin"])
        let otlp = try #require(exporters.first)
        #expect(otlp["exported"] as? Int == 9 && otlp["rejected"] as? Int == 1 && otlp["backlog"] as? Int == 20)
        #expect(otlp["lost"] as? Int == 0)
        #expect(otlp["holder"] as? String == "checkout (process 7 on node-3)" && otlp["heldUntil"] is String)
        #expect(otlp["failure"] as? String == "503 Service Unavailable")
        let setAside = try #require(otlp["setAside"] as? [[String: Any]])
        #expect(setAside.map { $0["spans"] as? Int } == [10])
        #expect(setAside.map { $0["reason"] as? String } == ["400: no such tenant"])
    }

    @Test("forgets an exporter that is used no more, and no other, and no span")
    func forget() throws {
        let scratch = try scratch()
        let outcome = try scratch.run("doctor", "--forget", "zipkin")
        #expect(outcome.code == 0 && outcome.error.contains("Forgot the exporter zipkin."))
        #expect(outcome.output.contains("exporter otlp") && !outcome.output.contains("exporter zipkin"))
        let report: [String: Any] = try scratch.run("doctor", "--json").json()
        #expect(report["spans"] as? Int == 40)
        let unknown = try scratch.run("doctor", "--forget", "zipkin")
        #expect(unknown.code == 1 && unknown.error.contains("There is no exporter zipkin"))
        let running = try scratch.run("doctor", "--forget", "otlp")
        #expect(running.code == 2 && running.error.contains("checkout (process 7 on node-3) exports as otlp"))
        #expect(try scratch.run("doctor").output.contains("exporter otlp"))
    }

    @Test("prune keeps what is not delivered, unless told otherwise, and doctor remembers what is lost")
    func lost() throws {
        let scratch = try scratch()
        let spared = try scratch.run("prune", "--older-than", "1m")
        // Ten were delivered by both; ten are set aside, twenty wait.
        #expect(spared.code == 6 && spared.output.hasPrefix("Deleted 10 spans"))
        #expect(spared.error.contains("30 spans stay although past the limit, because otlp has still to deliver some"))
        #expect(try scratch.run("doctor").output.contains("set aside, refused for good: 10 spans"))
        let outcome = try scratch.run("prune", "--older-than", "1m", "--undelivered")
        #expect(outcome.code == 0)
        #expect(outcome.error.contains("20 spans of them had not been exported yet"))
        #expect(try scratch.run("doctor").output.contains("20 spans deleted by retention before they were delivered"))
    }

    @Test("says nothing about exporting when nobody ever did")
    func none() throws {
        #expect(try Scratch.withOrder().run("doctor").output.contains("exporter") == false)
    }
}
