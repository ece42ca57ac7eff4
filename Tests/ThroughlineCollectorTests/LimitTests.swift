import FlowFixtures
import Foundation
import Gzip
import SQLite
import ServiceLifecycle
import Testing
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineStore

@testable import ThroughlineCollector

@Suite("A collector stays within its bounds")
struct LimitTests {
    @Test("and refuses what is too long: announced, in chunks, and after decompression")
    func tooLong() async throws {
        let scratch = try Scratch()
        let limit = 50_000
        let body = [UInt8](repeating: 0x7A, count: limit + 1)
        let zeros = [UInt8](repeating: 0, count: 20_000_000)
        let type = ["Content-Type": "application/x-protobuf"]
        try await withCollector(at: scratch.path()) {
            $0.maximumRequestBytes = limit
            $0.maximumBytesInFlight = 4 * limit
        } _: { collector in
            try await collector.expect(413, body)
            let bomb = try await collector.post(
                Gzip.compress(zeros, level: 9), type.merging(["Content-Encoding": "gzip"]) { $1 })
            #expect(bomb.status == 413)
            let answer = try await offPool { [otlp = collector.otlp] in
                let wire = try Wire(port: otlp)
                try wire.send(Wire.head("POST", "/v1/traces", type.merging(["Transfer-Encoding": "chunked"]) { $1 }))
                for _ in 0..<6 { try wire.send(Array("2710\r\n".utf8) + body[..<10_000] + Array("\r\n".utf8)) }
                let answer = try wire.answer()
                #expect(wire.isClosed())
                return answer
            }
            #expect(answer.status == 413)
            #expect(answer.headers["connection"] == "close")
            #expect(OTLPStatus(reading: answer.body, as: .protobuf).message.contains("50000 bytes"))
            // Nothing stays reserved.
            for _ in 1...10 { try await collector.expect(200, OTLP.encode(spans(1...9))) }
        }
    }

    @Test("and sends senders away while too much is in its hands")
    func inFlight() async throws {
        let scratch = try Scratch()
        let body = OTLP.encode(spans(1...50))
        try await withCollector(at: scratch.path()) {
            $0.maximumBytesInFlight = body.count + 10
        } _: { collector in
            @Sendable func half() async throws -> Wire {
                try await offPool { [otlp = collector.otlp] in
                    let wire = try Wire(port: otlp)
                    let head = ["Content-Type": "application/x-protobuf", "Content-Length": "\(body.count)"]
                    try wire.send(Wire.head("POST", "/v1/traces", head) + body[..<(body.count / 2)])
                    return wire
                }
            }
            var slow = try await half()
            try await eventually {
                let answer = try await collector.post(body)
                if answer.status == 429 {
                    #expect(answer.headers["retry-after"] == "1")
                    return true
                }
                // Its bytes may have met those of the other request, and it has been sent away itself.
                slow = try await half()
                return false
            }
            let holder = slow
            let answer = try await offPool {
                try holder.send(Array(body[(body.count / 2)...]))
                return try holder.answer()
            }
            #expect(answer.status == 200)
            try await collector.expect(200, body)
        }
    }

    @Test("and asks to come again while the store is locked, and takes everything afterwards")
    func locked() async throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 20
        try await withCollector(at: scratch.path(), store: options) { collector in
            let other = try Connection(path: scratch.path(), mode: .readWrite)
            try other.execute("BEGIN IMMEDIATE")
            let answer = try await collector.expect(503, OTLP.encode(spans(1...5)))
            #expect(answer.headers["retry-after"] == "5")
            #expect(OTLPStatus(reading: answer.body, as: .protobuf).message.contains("write lock"))
            try other.execute("COMMIT")
            try await collector.expect(200, OTLP.encode(spans(1...5)))
            #expect(try collector.spans.count == 5)
        }
    }

    @Test("and closes connections that are silent, or dawdle")
    func slow() async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) {
            $0.idleTimeout = .milliseconds(200)
            $0.requestTimeout = .milliseconds(300)
        } _: { collector in
            let outcome = try await offPool { [otlp = collector.otlp] in
                let silent = try Wire(port: otlp)
                let half = try Wire(port: otlp)
                try half.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\n")
                let dripping = try Wire(port: otlp)
                let head = ["Content-Type": "application/x-protobuf", "Content-Length": "1000000"]
                try dripping.send(Wire.head("POST", "/v1/traces", head))
                var isDripped = false
                // One byte at a time is never silent, and has to end all the same.
                for _ in 0..<400 where !isDripped {
                    do { try dripping.send([0x0A]) } catch { isDripped = true }
                    Thread.sleep(forTimeInterval: 0.05)
                }
                return [silent.isClosed(), half.isClosed(), isDripped]
            }
            #expect(outcome == [true, true, true])
            try await collector.expect(200, OTLP.encode(spans(1...2)))
        }
    }

    @Test("and lets only so many connections in; the others wait for their turn")
    func connections() async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) {
            $0.maximumConnections = 2
        } _: { collector in
            let waiting = try await offPool { [otlp = collector.otlp] in
                var open = [try Wire(port: otlp), try Wire(port: otlp)]
                for wire in open {
                    try wire.send(Wire.head("GET", "/"))
                    #expect(try wire.answer().status == 404)
                }
                let waiting = try Wire(port: otlp, patience: 1)
                try waiting.send(Wire.head("GET", "/"))
                #expect(throws: Wire.Failed.self) { try waiting.answer() }
                open.removeAll()
                return waiting
            }
            let status = try await offPool {
                waiting.setPatience(20)
                return try waiting.answer().status
            }
            #expect(status == 404)
        }
    }

    @Test("and ends with its requests answered")
    func shutdown() async throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 60_000
        let other = try Connection(path: scratch.path(), mode: .readWriteCreate)
        try await withCollector(at: scratch.path(), store: options) { collector in
            try other.execute("BEGIN IMMEDIATE")
            async let answer = collector.post(OTLP.encode(spans(1...3)))
            try await eventually { collector.store.pendingSpanCount > 0 }
            await collector.group.triggerGracefulShutdown()
            try await eventually {
                (try? await offPool { [otlp = collector.otlp] in try Wire(port: otlp) }) == nil
            }
            try other.execute("COMMIT")
            let status = try await answer.status
            #expect(status == 200)
            #expect(try collector.spans.count == 3)
        }
    }

    @Test("and lets nobody in without the token")
    func token() async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) {
            $0.token = "s3cret"
        } _: { collector in
            var headers = ["Content-Type": "application/x-protobuf"]
            let body = OTLP.encode(spans(1...1))
            for wrong in [nil, "Bearer s3cres", "Bearer s3cret ", "s3cret", "Basic s3cret"] {
                headers["Authorization"] = wrong
                let answer = try await collector.post(body, headers)
                #expect(answer.status == (wrong == "Bearer s3cret " ? 200 : 401))
            }
            headers["Authorization"] = "Bearer s3cret"
            let answer = try await collector.post(body, headers)
            #expect(answer.status == 200)
        }
        var configuration = CollectorConfiguration()
        configuration.otlp?.host = "0.0.0.0"
        let store = try TraceStore(path: scratch.path())
        let error = #expect(throws: CollectorError.self) {
            try Collector(store: store, configuration: configuration, logger: quiet)
        }
        #expect(error?.code == .tokenMissing)
    }

    @Test("and says which port is taken")
    func portInUse() async throws {
        let scratch = try Scratch()
        try await withCollector(at: scratch.path()) { collector in
            var configuration = CollectorConfiguration()
            configuration.otlp = nil
            configuration.zipkin?.port = collector.otlp
            let second = try Collector(store: collector.store, configuration: configuration, logger: quiet)
            let error = await #expect(throws: CollectorError.self) { try await second.run() }
            #expect(error?.code == .addressInUse)
            #expect(error?.description.contains("port \(collector.otlp): another program listens there") == true)
        }
    }
}
