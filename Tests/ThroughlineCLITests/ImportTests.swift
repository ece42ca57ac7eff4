import FlowFixtures
import Foundation
import Gzip
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineStore
import ThroughlineZipkin

@Suite("throughline import") struct ImportTests {
    private static let records = GoldenFlow.order.records

    /// The golden flow in every form that is read.
    static let files: [(name: String, format: String, bytes: [UInt8])] = [
        ("request.json", "otlp-json", OTLP.encode(records, as: .json)),
        ("lines.jsonl", "otlp-json", lines(records.map { OTLP.encode([$0], as: .json) })),
        ("request.pb", "otlp-protobuf", OTLP.encode(records)),
        ("requests.pb", "otlp-protobuf", records.flatMap { OTLP.encode([$0]) }),
        ("prefixed.pb", "otlp-protobuf", records.flatMap { prefixed(OTLP.encode([$0])) }),
        ("list.json", "zipkin", Zipkin.encode(records)),
        ("lists.jsonl", "zipkin", lines(records.map { Zipkin.encode([$0]) })),
        ("spans.jsonl", "zipkin", lines(records.map { Array(Zipkin.encode([$0]).dropFirst().dropLast()) })),
        (
            "requests.json", "otlp-json",
            Array("[".utf8) + records.map { OTLP.encode([$0], as: .json) }.joined(separator: [UInt8(ascii: ",")])
                + Array("]".utf8)
        ),
        ("traces.json", "zipkin", Array("[ ".utf8) + Zipkin.encode(records) + Array(",\n[] ]\n".utf8)),
    ]

    @Test("Every format is found by itself, plain and compressed", arguments: files.map(\.name), [false, true])
    func formats(name: String, isCompressed: Bool) throws {
        let scratch = try Scratch()
        let file = try #require(Self.files.first { $0.name == name })
        try scratch.write(isCompressed ? Gzip.compress(file.bytes) : file.bytes, to: name)
        let outcome = try scratch.run("import", name, "--json")
        #expect(outcome.code == 0 && outcome.error.isEmpty)
        let summary: [String: Any] = try outcome.json()
        #expect(summary["spans"] as? Int == Self.records.count && summary["flows"] as? Int == 1)
        #expect((summary["files"] as? [[String: Any]])?.first?["formats"] as? [String] == [file.format])
        #expect(try Set(scratch.spans()) == Set(Self.records))
    }

    @Test("Standard input is read, and what is imported twice is stored once")
    func twice() throws {
        let scratch = try Scratch()
        try scratch.write(Zipkin.encode(Self.records), to: "a.json")
        try scratch.write(OTLP.encode(Self.records), to: "b.pb")
        let count = Self.records.count
        let first = try scratch.run("import", "a.json", "b.pb")
        #expect(
            first.output == "Imported \(count) spans of 1 flow into traces.db, \(count) were there already.\n")
        let again = try scratch.run("import", "-", input: OTLP.encode(Self.records, as: .json))
        #expect(again.output == "Imported 0 spans of 1 flow into traces.db, \(count) were there already.\n")
        #expect(again.code == 0)
        #expect(try scratch.spans().count == count)
    }

    @Test("A broken record names file, line and reason, and the others are imported")
    func broken() throws {
        let scratch = try Scratch()
        var rows = (0..<20).map { span($0) }
        rows[3] = String(rows[3].dropLast(30))
        rows[5] = "garbage"
        rows[7] = rows[7].replacing("\"traceId\":\"", with: "\"traceId\":\"zz")
        rows[9] = #"{"hello":1}"#
        rows[11] = rows[11].replacing("\"duration\":5", with: "\"duration\":5 5")
        rows[13] = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}"#
        try scratch.write(Array(rows.joined(separator: "\n").utf8), to: "spans.jsonl")
        let outcome = try scratch.run("import", "spans.jsonl")
        #expect(outcome.code == 1)
        #expect(outcome.output.hasPrefix("Imported 14 spans"))
        #expect(outcome.output.contains("6 records could not be read"))
        let said = outcome.error.split(separator: "\n").map(String.init)
        #expect(said[0] == "throughline: spans.jsonl: line 4: it is cut off")
        #expect(said[1] == "throughline: spans.jsonl: line 6: a span must be an object")
        #expect(said[2].contains("line 8: 'zz0") && said[2].contains("is no trace id"))
        #expect(said[3].contains("line 10: it is no OTLP request and no span of Zipkin's"))
        #expect(said[4].contains("line 12: expected ',' or '}' at its byte"))
        #expect(said[5].contains("line 14: a span has no valid trace id and span id"))
        #expect(try scratch.spans().count == 14)
    }

    @Test("A list that is broken in the middle, or cut off, is read all the same")
    func brokenList() throws {
        let scratch = try Scratch()
        let rows = (0..<10).map { span($0) }
        let list =
            "[" + rows[..<4].joined(separator: ",\n") + ",\n{\"traceId\":5},17,\n" + rows[4...].joined(separator: ",\n")
        try scratch.write(Array(list.utf8), to: "list.json")
        let outcome = try scratch.run("import", "list.json", "--json")
        #expect(outcome.code == 1)
        let summary: [String: Any] = try outcome.json()
        #expect(summary["spans"] as? Int == 10 && summary["skipped"] as? Int == 3)
        let problems = (summary["files"] as? [[String: Any]])?.first?["problems"] as? [[String: Any]]
        #expect(problems?.map { $0["element"] as? Int } == [4, 5, nil])
        #expect(problems?.map { $0["line"] as? Int } == [5, 5, 11])
        #expect(problems?.last?["reason"] as? String == "the file ends before its list does")
    }

    @Test("Protobuf that is cut off gives what is before, and says so")
    func cutOff() throws {
        let scratch = try Scratch()
        let bytes = Self.records.flatMap { OTLP.encode([$0]) }
        try scratch.write(Array(bytes.dropLast(5)), to: "cut.pb")
        let outcome = try scratch.run("import", "cut.pb")
        #expect(outcome.code == 1)
        #expect(outcome.error.contains("cut.pb: element \(Self.records.count - 1): the file ends in the middle of it"))
        #expect(try scratch.spans().count == Self.records.count - 1)
        try scratch.write(try Array(Gzip.compress(OTLP.encode(Self.records)).dropLast(4)), to: "cut.gz")
        let compressed = try scratch.run("import", "cut.gz", "--store", "gz.db")
        #expect(compressed.code == 1 && compressed.error.contains("cut.gz cannot be decompressed"))
        #expect(compressed.output.hasPrefix("Imported \(Self.records.count) spans"))
    }

    @Test("--format overrides what the file looks like")
    func forced() throws {
        let scratch = try Scratch()
        try scratch.write(Array(span(1).utf8), to: "span.json")
        let outcome = try scratch.run("import", "span.json", "--format", "otlp-json")
        #expect(outcome.code == 0 && outcome.output.hasPrefix("Imported 0 spans"))
        #expect(try scratch.run("import", "span.json", "--format", "zipkin").output.hasPrefix("Imported 1 span "))
    }

    @Test("A file that is not there is 1, wrong usage 2, and no store is made")
    func missing() throws {
        let scratch = try Scratch()
        try scratch.write(Array(span(1).utf8), to: "span.json")
        for arguments in [["none.json"], ["none.json", "no-more.json"], ["."]] {
            let outcome = try scratch.run(["import"] + arguments)
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            #expect(outcome.error.hasPrefix("throughline: "))
        }
        for arguments in [[], ["-", "-"], ["span.json", "--format", "csv"]] {
            #expect(try scratch.run(["import"] + arguments).code == 2)
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path()))
        try scratch.write(Array("Dear Ada".utf8), to: "letter.db")
        #expect(try scratch.run("import", "span.json", "--store", "letter.db").code == 3)
    }

    @Test("A file that cannot be used does not stop the others, and says what it is")
    func unusable() throws {
        let scratch = try Scratch()
        try scratch.write(Array(span(1).utf8), to: "span.json")
        try scratch.write(Array(" \n".utf8), to: "blank.json")
        try scratch.write([], to: "empty.json")
        try scratch.write(Array("\n<!DOCTYPE html><title>Sign in</title>".utf8), to: "page.json")
        try scratch.write(
            Array(#"{"data": [{"traceID": "4bf9", "spans": [], "processes": {}}]}"#.utf8), to: "jaeger.json")
        try scratch.write(Array(#"{"batches": [{"scopeSpans": []}]}"#.utf8), to: "tempo.json")
        try scratch.write(Array(#"{"resourceLogs": []}"#.utf8), to: "logs.json")
        try scratch.write([0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0], to: "spans.zst")
        try scratch.record([], in: "other.db")
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path("loop.json"), withDestinationPath: scratch.path("loop.json"))
        let outcome = try scratch.run(
            "import", "none.json", "blank.json", "empty.json", "page.json", "jaeger.json", "loop.json", "span.json",
            "tempo.json", "logs.json", "spans.zst", "other.db")
        #expect(outcome.code == 1)
        #expect(outcome.output.hasPrefix("Imported 1 span of 1 flow into traces.db"))
        for line in [
            "There is no file none.json.", "blank.json is empty.", "empty.json is empty.",
            "page.json is a web page (HTML or XML)", "jaeger.json: line 1: it is in Jaeger's own form",
            "tempo.json: line 1: it is in Tempo's own form", "logs.json: line 1: these are logs or metrics",
            "spans.zst is compressed with zstd; unpack it first", "other.db is a SQLite database",
            "loop.json cannot be read: Too many levels of symbolic links.",
        ] {
            #expect(outcome.error.contains("throughline: \(line)"), "\(outcome.error)")
        }
        try scratch.write(Array("[]".utf8), to: "nothing.json")
        #expect(try scratch.run("import", "nothing.json").code == 0, "no spans is an answer")
    }

    @Test("A file of nothing that can be spans is told what may be, and no new store is left behind")
    func noSpans() throws {
        let scratch = try Scratch()
        try scratch.write(Array("Dear colleagues,\nhere are the traces.\n".utf8), to: "letter.txt")
        let list = #"[{"resource": {}, "scopeSpans": []}]"#
        try scratch.write(Array(list.utf8), to: "parts.json")
        let outcome = try scratch.run("import", "letter.txt")
        #expect(outcome.code == 1)
        #expect(
            outcome.error.hasPrefix(
                "throughline: letter.txt is neither JSON nor protobuf; spans are read as OTLP (JSON or protobuf) and as "
                    + "Zipkin v2 JSON"))
        #expect(
            try scratch.run("import", "parts.json").error.contains("element 0: it is a part of an OTLP request; make"))
        try scratch.record(GoldenFlow.order.records, in: "order.db")
        let flow = try scratch.run("flow", "order-1042", "--as", "json", "--store", "order.db").output
        try scratch.write(Array(flow.utf8), to: "flow.json")
        let error = try scratch.run("import", "flow.json").error
        #expect(
            error.hasPrefix(
                "throughline: flow.json: line 1: it is the output of 'throughline flow --as json', which is for programs "
                    + "and cannot be imported; 'throughline export --file spans.jsonl' writes the spans themselves"),
            "\(error)")
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.directory.path)
        #expect(!left.contains { $0.hasPrefix("traces.db") })
        // A store that was there stays.
        try scratch.record([])
        #expect(try scratch.run("import", "letter.txt").code == 1)
        #expect(FileManager.default.fileExists(atPath: scratch.path("traces.db")))
    }

    @Test("Traces that a link joins are one flow", arguments: ForeignFlow.allCases)
    func flows(foreign: ForeignFlow) throws {
        let scratch = try Scratch()
        try scratch.write(OTLP.encode(foreign.records), to: "spans.pb")
        #expect(try scratch.run("import", "spans.pb").output.contains(" of 1 flow into "))
    }

    @Test("Protobuf whose first length is that of a '<' is no web page")
    func noPage() throws {
        let scratch = try Scratch()
        let ids: [UInt8] = [0x0A, 16] + [UInt8](repeating: 7, count: 16) + [0x12, 8] + [UInt8](repeating: 7, count: 8)
        let times: [UInt8] = [0x39] + [UInt8](repeating: 1, count: 8) + [0x41] + [UInt8](repeating: 1, count: 8)
        let span = ids + [0x2A, 6] + Array("orders".utf8) + times
        let request = [0x0A, UInt8(ascii: "<"), 0x0A, 0, 0x12, 56, 0x12, 54] + span
        try scratch.write(request, to: "request.pb")
        #expect(try scratch.run("import", "request.pb").output.hasPrefix("Imported 1 span "))
    }

    @Test("A terminal sees how far it is, a pipe does not")
    func progress() throws {
        let scratch = try Scratch()
        try scratch.write(Array("[\((0..<200).map { span($0) }.joined(separator: ","))]".utf8), to: "list.json")
        let terminal = try scratch.runOnTerminal("import", "list.json")
        #expect(terminal.output.contains("list.json [#") && terminal.output.contains("Imported 200 spans"))
        #expect(try scratch.run("import", "list.json").hasEscapes == false)
    }

    private func span(_ number: Int) -> String {
        let id = String(format: "%016x", number + 1)
        return #"{"traceId":"\#(id)","id":"\#(id)","timestamp":1700000000000000,"duration":5,"name":"n"}"#
    }

    private static func lines(_ records: [[UInt8]]) -> [UInt8] { records.flatMap { $0 + [0x0A] } }

    private static func prefixed(_ request: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(request.count).bigEndian) { Array($0) } + request
    }
}

extension Scratch {
    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: directory.appending(path: name))
    }

    /// Every span of the store.
    func spans(in name: String = "traces.db") throws -> [SpanRecord] {
        var spans: [SpanRecord] = []
        try TraceReader(path: path(name)).forEachSpan { spans.append($0) }
        return spans
    }
}
