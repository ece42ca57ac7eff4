import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineStore

@Suite("Exporting from outside")
struct ExportTests {
    private func scratch(spans: Int) throws -> Scratch {
        let scratch = try Scratch()
        try scratch.record(
            (1...UInt64(spans)).map { number in
                let start = Timestamp(nanosecondsSinceEpoch: 1_790_000_000_000_000_000 + number)
                return SpanRecord(
                    traceID: TraceID(high: 1, low: number), spanID: SpanID(number), name: "send orders",
                    start: start, end: start.advanced(byNanoseconds: 1))
            })
        return scratch
    }

    @Test("sends what is new to a collector, each span once, and says how much")
    func otlp() throws {
        let scratch = try scratch(spans: 5_000)
        let collector = try FakeCollector()
        let first = try scratch.run("export", "--otlp", collector.endpoint, "--compression", "gzip")
        #expect(first.code == 0 && first.error.isEmpty)
        #expect(first.output.hasPrefix("Sent 5000 spans to \(collector.endpoint) in "))
        #expect(try collector.taken(scratch.path("taken")).values.reduce(0, +) == 5_000)

        let nothing = try scratch.run("export", "--otlp", collector.endpoint)
        let told = """
            Everything was sent before under the name 'otlp': 5000 spans. Another collector wants a name of its own \
            with --name; --from-start sends all again.\n
            """
        #expect(nothing.code == 0 && nothing.output == told)
        let second = try scratch.run("export", "--otlp", collector.endpoint, "--name", "second")
        #expect(second.output.hasPrefix("Sent 5000"))
        let again: [String: Any] = try scratch.run(
            "export", "--otlp", collector.endpoint + "/v1/traces", "--from-start", "--json"
        ).json()
        #expect(again["exported"] as? Int == 5_000 && again["left"] as? Int == 0)
        #expect(try collector.taken(scratch.path("taken")).values.allSatisfy { $0 == 3 })
        #expect(try scratch.run("doctor").output.contains("delivered    10000 spans"))
    }

    @Test("says what could not be sent, keeps it, and ends with 6")
    func away() throws {
        let scratch = try scratch(spans: 10)
        let outcome = try scratch.run("export", "--otlp", "http://127.0.0.1:9", "--patience", "0s")
        #expect(outcome.code == 6)
        #expect(outcome.output.hasPrefix("Nothing was sent"))
        #expect(outcome.error.contains("10 spans could not be sent"))
        #expect(outcome.error.contains("They stay in the store"))
    }

    @Test("sets aside what is refused for good, ends with 6, and sends it again when asked to")
    func refused() throws {
        let scratch = try scratch(spans: 10)
        let collector = try FakeCollector()
        try collector.tell("answer 400")
        let refused = try scratch.run("export", "--otlp", collector.endpoint)
        #expect(refused.code == 6)
        let told = """
            throughline: 10 spans that the collector refused for good are set aside: \(collector.endpoint)/v1/traces \
            answered 400 Bad Request. Send them again with: throughline export --otlp \(collector.endpoint) \
            --resend-set-aside\n
            """
        #expect(refused.output.hasPrefix("Nothing was sent") && refused.error == told)
        #expect(try scratch.run("doctor").output.contains("set aside, refused for good: 10 spans"))
        try collector.tell("answer 200")
        let later = try scratch.run("export", "--otlp", collector.endpoint)
        #expect(later.code == 6 && later.error == told, "set aside by an earlier run, it is still not delivered")
        try collector.tell("answer 401")
        let denied = try scratch.run("export", "--otlp", collector.endpoint, "--resend-set-aside")
        #expect(denied.code == 6 && denied.error.contains("401 Unauthorized") && !denied.error.contains(" 0 spans"))
        #expect(denied.error.contains(told.dropFirst("throughline: ".count)))
        try collector.tell("answer 200")
        let resent = try scratch.run("export", "--otlp", collector.endpoint, "--resend-set-aside")
        #expect(resent.code == 0 && resent.output.hasPrefix("Sent 10 spans"))
        #expect(try scratch.run("doctor").output.contains("set aside") == false)
    }

    @Test("does not export what an application exports, and says who that is")
    func held() throws {
        let scratch = try scratch(spans: 10)
        let log = try ExportLog(path: scratch.path())
        let now = Timestamp(nanosecondsSinceEpoch: UInt64(Date().timeIntervalSince1970 * 1e9))
        let holder = "checkout (process 7 on node-3)"
        #expect(try log.claim("otlp", by: holder, now: now, forNanoseconds: 3_600_000_000_000) == nil)
        let outcome = try scratch.run("export", "--otlp", "http://127.0.0.1:9")
        #expect(outcome.code == 6)
        #expect(outcome.error.contains("otlp is being exported by \(holder)"))
        #expect(outcome.error.contains("if that was killed, wait for 60 min") || outcome.error.contains("59 min"))
        let collector = try FakeCollector()
        let own = try scratch.run("export", "--otlp", collector.endpoint, "--name", "own")
        #expect(own.code == 0 && own.output.hasPrefix("Sent 10 spans"))
    }

    @Test("goes on with what is recorded next until it is interrupted")
    func follow() throws {
        let scratch = try scratch(spans: 10)
        let collector = try FakeCollector()
        let process = try scratch.start("export", "--otlp", collector.endpoint, "--follow")
        func waitFor(_ count: Int) throws {
            let deadline = Date().addingTimeInterval(20)
            while try collector.taken(scratch.path("taken")).count < count, Date() < deadline { usleep(20_000) }
            #expect(try collector.taken(scratch.path("taken")).count == count)
        }
        try waitFor(10)
        try scratch.record(GoldenFlow.order.records)
        let ended = GoldenFlow.order.records.filter { $0.end != nil && $0.flags.contains(.sampled) }
        try waitFor(10 + ended.count)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try TraceReader(path: scratch.path()).exports().first?.holder == nil)
    }

    @Test("writes a file that holds every span, with the bar on a terminal")
    func file() throws {
        let scratch = try Scratch.withOrder()
        let outcome = try scratch.run("export", "--file", "spans.jsonl")
        let ended = GoldenFlow.order.records.filter { $0.end != nil }
        #expect(outcome.code == 0 && outcome.output.hasPrefix("Sent \(ended.count) spans to spans.jsonl"))
        let bytes = try Data(contentsOf: scratch.directory.appending(path: "spans.jsonl"))
        let read = try bytes.split(separator: UInt8(ascii: "\n")).flatMap { try OTLP.decode(Array($0), as: .json) }
        #expect(Set(read.map(\.spanID)) == Set(ended.map(\.spanID)))
        #expect(try scratch.run("export", "--file", "-").output.utf8.count == bytes.count)
        #expect(try scratch.runOnTerminal("export", "--file", "again.jsonl").output.contains("] 100 %"))
        let refused = try scratch.run("export", "--file", "spans.jsonl")
        #expect(refused.code == 6 && refused.error.contains("spans.jsonl is there already"))
        #expect(try Data(contentsOf: URL(filePath: scratch.path("spans.jsonl"))).count == bytes.count)
        #expect(try scratch.run("doctor").output.contains("exporter") == false, "a file is no exporter")
    }

    @Test("writes at most a thousand spans a line, which import reads")
    func lines() throws {
        let scratch = try scratch(spans: 2_500)
        #expect(try scratch.run("export", "--file", "spans.jsonl").code == 0)
        let lines = try Data(contentsOf: URL(filePath: scratch.path("spans.jsonl"))).split(
            separator: UInt8(ascii: "\n"))
        #expect(try lines.map { try OTLP.decode(Array($0), as: .json).count } == [1_000, 1_000, 500])
        #expect(try scratch.run("import", "spans.jsonl", "--store", "new.db").output.hasPrefix("Imported 2500 spans"))
    }

    @Test("writes OTLP to standard output where OTEL_TRACES_EXPORTER says so, whole lines among those of the program")
    func console() throws {
        let scratch = try Scratch()
        let outcome = try scratch.run("demo", environment: ["OTEL_TRACES_EXPORTER": "console"])
        #expect(outcome.code == 0)
        let lines = outcome.output.split(separator: "\n")
        let exported = try lines.filter { $0.hasPrefix("{") }.flatMap { try OTLP.decode(Array($0.utf8), as: .json) }
        #expect(exported.contains { $0.name == "send orders" && $0.resource.serviceName == "orders" })
        #expect(lines.first?.hasPrefix("Three orders go through") == true, "what was printed before stands before")
        let stored = try scratch.run("export", "--file", "-").output.split(separator: "\n")
            .flatMap { try OTLP.decode(Array($0.utf8), as: .json) }
        #expect(exported.count == stored.count && Set(exported.map(\.spanID)) == Set(stored.map(\.spanID)))
    }

    @Test(
        "says what is wrong with a command line",
        arguments: [
            ([], "Give one of --otlp, --zipkin and --file"),
            (["--otlp", "localhost:4318"], "is no URL"),
            (["--otlp", "http://a", "--zipkin", "http://b"], "Give one of"),
            (["--otlp", "http://a", "--header", "secret"], "is no header"),
            (["--otlp", "http://a", "--protocol", "grpc"], "--protocol is"),
            (["--otlp", "http://a", "--compression", "zip"], "--compression is"),
            (["--otlp", "http://a", "--follow", "--resend-set-aside"], "exclude each other"),
            (["--file", "a", "--follow"], "no other option"),
        ] as [([String], String)])
    func usage(arguments: [String], message: String) throws {
        let outcome = try Scratch.withOrder().run(["export"] + arguments)
        #expect(outcome.code == 2)
        #expect(outcome.error.contains(message))
    }
}
