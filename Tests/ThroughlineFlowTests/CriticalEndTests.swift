import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// A critical path explains how long the flow took, to the last moment of what ended last.
@Suite struct CriticalEndTests {
    private typealias Kind = CriticalSegment.Kind

    private func path(_ script: FlowScript) throws -> CriticalPath {
        try #require(Flow(script.records).criticalPaths.first)
    }

    private func consumers(_ path: CriticalPath) -> [String?] { path.steps.map { $0.hop?.consumer.service } }

    @Test func `what a handler leaves running when it ends is on the path`() throws {
        var script = FlowScript(correlation: "c")
        let root = script.work("requester", "requester", kind: .client, at: 0, took: 46)
        let sent = script.send("requester", "Beast", id: "1", to: "messages", at: 38, in: root)
        script.work("requester", "log", kind: .client, at: 40, took: 14, in: root)
        let handler = script.process("recorder", "Beast", id: "1", from: "messages", at: 48, took: 1, of: sent)
        let rest = script.work("recorder", "process_message", at: 48.1, took: 37.9, in: handler)
        let path = try path(script)
        #expect(consumers(path) == ["recorder"] && path.duration == 86_000_000)
        #expect(path.segments.map(\.kind) == [.processing, .publishing, .queue, .processing, .processing])
        #expect(path.segments.last?.operation == Operation.ID(traceID: rest.traceID, spanID: rest.spanID))
        #expect(path.segments.map(\.duration) == [38, 1, 9, 1, 37].map { $0 * 1_000_000 })
        let flow = Flow(script.records)
        #expect(FlowNotes(flow).lines[0].hasSuffix("longest: requester working, 38 ms"))
        let marked = FlowTree.text(of: flow).split(separator: "\n").filter { $0.contains("◀ critical") }
        #expect(marked.count == 3 && marked[0].hasSuffix("requester  46 ms  ◀ critical 44 %"))
        #expect(marked[1].hasSuffix("▸ recorder  waited 9 ms · took 1 ms ✓  ◀ critical 56 %"))
        #expect(marked[2].hasSuffix("process_message  38 ms  ◀ critical 43 %"))
    }

    @Test func `what begins when its handler has ended waited for that, and nobody says for what`() throws {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let handler = script.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: sent)
        let timer = script.work("b", "timer", at: 30, took: 5, in: handler)
        script.work("b", "report", at: 33, took: 60, in: timer)
        let path = try path(script)
        #expect(path.segments.map(\.kind) == [.publishing, .queue, .processing, .gap, .processing, .processing])
        #expect(path.segments.map(\.duration) == [1, 2, 7, 20, 5, 58].map { $0 * 1_000_000 })
        var late = FlowScript(correlation: nil)
        let first = late.send("a", "X", id: "1", to: "x", at: 0)
        let quick = late.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: first)
        late.work("b", "report", at: 500, took: 2, in: quick)
        #expect(FlowNotes(Flow(late.records)).lines[0].hasSuffix("longest: b unaccounted for, 490 ms"))
    }

    @Test func `a message that such work sends was waited for as long as the work took`() throws {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let handler = script.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: sent)
        let rest = script.work("b", "render", at: 4, took: 60, in: handler)
        let later = script.send("b", "Y", id: "2", to: "y", at: 50, in: rest)
        script.process("c", "Y", id: "2", from: "y", at: 55, took: 15, of: later)
        let path = try path(script)
        #expect(consumers(path) == ["b", "c"] && path.duration == 70_000_000 && path.duration(of: .gap) == 0)
        #expect(path.segments[3].duration == 40_000_000 && path.segments[3].step == 0)
    }

    @Test func `a request that outlasts all messages determined the end by itself`() throws {
        var script = FlowScript(correlation: nil)
        let request = script.work("web", "POST /orders", kind: .server, at: 0, took: 100)
        let sent = script.send("web", "X", id: "1", to: "x", at: 10, in: request)
        script.process("mail", "X", id: "1", from: "x", at: 12, took: 8, of: sent)
        let flow = Flow(script.records)
        let path = try #require(flow.criticalPaths.first)
        #expect(path.steps.isEmpty && path.duration == flow.latency && path.segments.map(\.share) == [1])
        #expect(
            FlowNotes(flow).lines[0]
                == "critical path 100 ms: working 100 %, waiting for no message; longest: web working, 100 ms")
        let marked = FlowTree.text(of: flow).split(separator: "\n").filter { $0.contains("◀ critical") }
        #expect(marked == ["web · POST /orders  100 ms  ◀ critical 100 %"])
    }

    @Test func `a request waited for the answer that came back to it`() throws {
        var script = FlowScript(correlation: nil)
        let request = script.work("web", "GET /quote", kind: .server, at: 0, took: 100)
        let asked = script.send("web", "QuoteAsked", id: "1", to: "quotes", at: 10, in: request, intent: .command)
        let answering = script.process("rates", "QuoteAsked", id: "1", from: "quotes", at: 13, took: 60, of: asked)
        let answer = script.send("rates", "Quote", id: "2", to: "inbox", at: 70, in: answering, causes: ["1"])
        script.process("web", "Quote", id: "2", from: "inbox", at: 74, took: 1, of: answer)
        script.process("audit", "QuoteAsked", id: "1", from: "quotes", at: 13, took: 80, of: asked, group: "audit")
        let path = try path(script)
        #expect(consumers(path) == ["rates", "web"] && path.duration == 100_000_000)
        #expect(path.segments.last?.kind == .processing && path.segments.last?.duration == 25_000_000)
    }

    @Test func `a loop that goes on after its message, or a late settlement, is told as what came last`() throws {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let pull = script.process(
            "b", "X", id: "1", from: "x", at: 5, took: 60, of: sent, child: false, operation: .receive)
        let handler = script.process("b", "X", id: "1", from: "x", at: 6, took: 10, of: sent, child: false)
        script.change(handler) { ($0.traceID, $0.parentID) = (pull.traceID, pull.spanID) }
        let pulled = try path(script)
        #expect(consumers(pulled) == ["b"] && pulled.duration == 65_000_000)
        var settling = FlowScript(correlation: nil)
        let first = settling.send("a", "X", id: "1", to: "x", at: 0)
        settling.process("b", "X", id: "1", from: "x", at: 5, took: 10, of: first, settled: nil)
        settling.settle("b", id: "1", from: "x", as: .acknowledged, at: 30)
        let settled = try path(settling)
        #expect(consumers(settled) == ["b"] && settled.duration == 30_100_000)
        #expect(settled.segments.map(\.kind) == [.publishing, .queue, .processing, .gap, .processing])
    }

    @Test func `what a handler left running may tie with another branch`() {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0)
        let handler = script.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: sent)
        script.work("b", "rest", at: 5, took: 45, in: handler)
        script.process("c", "X", id: "1", from: "x", at: 10, took: 40, of: sent)
        script.work("c", "no longer than its handler", at: 20, took: 30)
        let paths = Flow(script.records).criticalPaths
        #expect(Set(paths.map { $0.steps.last?.hop?.consumer.service }) == ["b", "c"])
        #expect(paths.allSatisfy { $0.duration == 50_000_000 })
    }

    @Test func `sending that outlasts the handling ends the path`() throws {
        var script = FlowScript(correlation: nil)
        let sent = script.send("a", "X", id: "1", to: "x", at: 0, took: 30)
        script.process("b", "X", id: "1", from: "x", at: 3, took: 7, of: sent)
        let path = try path(script)
        #expect(consumers(path) == [nil] && path.segments.map(\.kind) == [.publishing])
        #expect(path.duration == 30_000_000)
    }

    /// Where parts are missing, no path can explain everything.
    @Test(arguments: GoldenFlow.allCases)
    func `the segments of a path are as long as the flow took`(golden: GoldenFlow) throws {
        let flow = Flow(golden.records)
        let path = try #require(flow.criticalPaths.first)
        let isUnexplained: Set<GoldenFlow> = [.correlationOnly, .namesakes, .hostile, .cycle, .leaked]
        #expect(path.duration == flow.latency || isUnexplained.contains(golden))
        #expect(abs(path.share(of: path.segments) - 1) < 1e-9)
    }

    @Test func `the segments of any random flow are as long as it took, whatever its handlers leave running`() throws {
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let records = Self.leavingWork(RandomFlow(seed: seed, messages: 25).records, &random)
            for flow in [Flow(records), Flow(records.shuffled(using: &random))] {
                let path = try #require(flow.criticalPaths.first)
                #expect(path.duration == flow.latency, "seed \(seed)")
            }
            // Of any subset, a path begins and ends within what is there, and waits for what is not.
            let some = records.filter { _ in Int.random(in: 0..<10, using: &random) < 7 }
            for flow in Flow.split(some) where !flow.publications.isEmpty {
                let path = try #require(flow.criticalPaths.first)
                let last = flow.operations.map { $0.record.end ?? $0.record.start }.max()
                #expect(path.segments.allSatisfy { $0.start.advanced(byNanoseconds: $0.duration) <= last ?? $0.start })
                #expect(path.segments.isEmpty || abs(path.share(of: path.segments) - 1) < 1e-9)
            }
        }
    }

    /// The same with a span in some handlers that goes on for a while.
    private static func leavingWork(_ records: [SpanRecord], _ random: inout SeededGenerator) -> [SpanRecord] {
        var all = records
        for (place, handler) in records.enumerated() where handler.kind == .consumer {
            guard Bool.random(using: &random), let end = handler.end else { continue }
            let start = Bool.random(using: &random) ? handler.start : end.advanced(byNanoseconds: 3_000_000)
            let took = UInt64.random(in: 1..<200_000_000, using: &random)
            all.append(
                SpanRecord(
                    traceID: handler.traceID, spanID: SpanID(UInt64(place) + 1), parentID: handler.spanID, name: "rest",
                    start: start, end: start.advanced(byNanoseconds: took), resource: handler.resource))
        }
        return all
    }
}

extension CriticalPath {
    fileprivate func share(of segments: [CriticalSegment]) -> Double { segments.reduce(0) { $0 + $1.share } }
}
