import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineStore

@Suite("throughline serve")
struct ServeTests {
    @Test("says which port is taken, and ends with a code of its own")
    func portInUse() throws {
        let scratch = try Scratch()
        let listener = try Listening()
        let outcome = try scratch.run("serve", "--otlp-port", "\(listener.port)", "--zipkin-port", "0")
        #expect(outcome.code == 4)
        #expect(
            outcome.error == """
                throughline: Cannot listen on 127.0.0.1, port \(listener.port): another program listens there. Stop that \
                one, or choose another port with --otlp-port.\n
                """)
        #expect(outcome.output.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: scratch.path()), "no empty store is left behind")
    }

    @Test(
        "says in plain words what is wrong with a host or a port",
        arguments: [
            (["--host", "no.such.host.invalid"], 4, "there is no host of that name. Choose another with --host"),
            (["--host", "192.0.2.7"], 4, "this machine has no such address. Choose another with --host"),
            (["--otlp-port", "9411"], 2, "OTLP and Zipkin cannot share port 9411"),
            (["--token", ""], 2, "--token must be of visible ASCII characters"),
        ] as [([String], Int32, String)])
    func wrongPlace(arguments: [String], code: Int32, message: String) throws {
        let scratch = try Scratch()
        let outcome = try scratch.run(["serve"] + arguments)
        #expect(outcome.code == code && outcome.error.contains(message))
        #expect(!FileManager.default.fileExists(atPath: scratch.path()))
    }

    @Test("tells a store that cannot be written from a port that cannot be opened")
    func unusableStore() throws {
        let scratch = try Scratch()
        try Data("no database at all, but long enough to be read".utf8).write(to: URL(filePath: scratch.path("other")))
        let outcome = try scratch.run("serve", "--store", "other", "--otlp-port", "0", "--zipkin-port", "0")
        #expect(outcome.code == 3)
    }

    @Test("makes up a token when other machines can reach it, and says what senders must show")
    func token() throws {
        let scratch = try Scratch()
        let output = try scratch.greeting("serve", "--host", "0.0.0.0", "--otlp-port", "0", "--zipkin-port", "0")
        #expect(!output.contains("http://0.0.0.0"), "nobody can send to that")
        #expect(output.contains("Storing in \(scratch.directory.resolvingSymlinksInPath().path)/traces.db"))
        #expect(output.contains(#/OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20[0-9a-f]{64}"/#))
        let own = try scratch.greeting("serve", "--token", "a,b=c", "--otlp-port", "0", "--zipkin-port", "0")
        #expect(own.contains("Bearer%20a%2Cb%3Dc\""), "as a list of headers has it")
        let local = try scratch.greeting("serve", "--otlp-port", "0", "--zipkin-port", "0")
        #expect(!local.contains("Bearer"))
        #expect(local.contains(#/OTEL_EXPORTER_OTLP_ENDPOINT=http://127\.0\.0\.1:\d+\n/#))
    }

    @Test(
        "deletes while it runs what is older, or more, than it is told to keep",
        arguments: ["--keep=1h", "--max-size=400KB"])
    func retention(_ limit: String) async throws {
        let scratch = try Scratch()
        let now = UInt64(Date().timeIntervalSince1970)
        try scratch.record(
            [7_200 as UInt64, 7_201, 10].map { age in
                let start = Timestamp(nanosecondsSinceEpoch: (now - age) * 1_000_000_000)
                return SpanRecord(
                    traceID: TraceID(high: 1, low: age), spanID: SpanID(age), name: "send orders", kind: .producer,
                    start: start, end: start,
                    attributes: ["payload": .string(String(repeating: "x", count: 200_000))])
            })
        let process = try scratch.start("serve", limit, "--otlp-port", "0", "--zipkin-port", "0")
        defer { process.terminate() }
        // By age the two old ones go; by size all, because so few go at once.
        let left = limit.hasPrefix("--keep") ? 1 : 0
        let deadline = ContinuousClock.now + .seconds(60)
        var spans = -1
        while spans != left, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
            let report: [String: Any] = try scratch.run("doctor", "--json").json()
            spans = try #require(report["spans"] as? Int)
        }
        #expect(spans == left && process.isRunning)
    }

    @Test(
        "says what deleting costs an exporter, and that no store is so small",
        arguments: [
            ("--keep=1h", "1 span was deleted before an exporter had delivered it"),
            ("--max-size=1B", "even without any span"),
        ])
    func retentionSays(_ limit: String, _ message: String) throws {
        let scratch = try Scratch()
        let start = Timestamp(nanosecondsSinceEpoch: (UInt64(Date().timeIntervalSince1970) - 7_200) * 1_000_000_000)
        try scratch.record([
            SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "send orders", start: start, end: start)
        ])
        #expect(try ExportLog(path: scratch.path()).claim("otlp", by: "a", now: start, forNanoseconds: 1) == nil)
        let process = try scratch.start(
            "serve", limit, "--otlp-port", "0", "--zipkin-port", "0", errorsTo: "errors")
        defer { process.terminate() }
        let deadline = Date().addingTimeInterval(30)
        var said = ""
        while !said.contains(message), Date() < deadline {
            usleep(20_000)
            said = try String(contentsOfFile: scratch.path("errors"), encoding: .utf8)
        }
        #expect(said.contains(message))
    }

    /// A port that somebody listens on.
    private struct Listening {
        let port: UInt16
        private let socket: FileHandle

        init() throws {
            #if canImport(Darwin)
                let descriptor = Foundation.socket(AF_INET, SOCK_STREAM, 0)
            #else
                let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #endif
            socket = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && listen(descriptor, 1) == 0
                        && getsockname(descriptor, $0, &size) == 0
                }
            }
            try #require(code)
            port = UInt16(bigEndian: address.sin_port)
        }
    }
}

extension Scratch {
    /// Starts a command that goes on, waits for all that it says at first, and ends it as a service manager would.
    fileprivate func greeting(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = try Self.executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ["PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains("Then look") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }
}
