import FlowFixtures
import Foundation
import Synchronization
import Testing
import ThroughlineModel
import ThroughlineStore

/// Spans are recorded and exported while the collector fails in every way that it can, and the recording process is
/// killed three times. THROUGHLINE_DRILL_SPANS says how many spans.
@Suite struct KillDrillTests {
    private let spans =
        ProcessInfo.processInfo.environment["THROUGHLINE_DRILL_SPANS"].flatMap { Int($0) } ?? 200_000

    @Test func `a collector that fails and a process that is killed lose nothing that was stored`() async throws {
        let scratch = try Scratch()
        let path = scratch.path()
        let collector = try FakeCollector()
        let weather = Weather(collector)
        for _ in 1...3 {
            let process = try RecordingProcess(path, collector.endpoint, spans: spans / 3)
            try await process.waitUntilRecorded(spans / 4)
            process.kill()
        }
        let stored = try TraceReader(path: path).counts().spans
        let last = try RecordingProcess(path, collector.endpoint, spans: max(0, spans - stored))
        try await last.waitUntilRecorded(max(0, spans - stored))
        try await weather.clear()
        #expect(try await last.finish()?.hasPrefix("LEFT 0 ") == true)

        var ids: Set<String> = []
        try TraceReader(path: path).forEachSpan { span in
            if span.end != nil { ids.insert(span.traceID.hex + span.spanID.hex) }
        }
        let taken = try collector.taken(scratch.path("taken"))
        let answers = try collector.tell("count")
        #expect(ids.count >= spans)
        #expect(ids.subtracting(taken.keys).isEmpty, "the collector has every span that the store has")
        #expect(Set(taken.keys).subtracting(ids).isEmpty, "and no other")
        let state = try #require(try TraceReader(path: path).exports().first)
        #expect(state.exported == ids.count && state.backlog == 0 && state.lost == 0 && state.setAside.isEmpty)
        for answer in ["200", "503", "429", "hang", "reset", "lost"] { #expect(answers[answer, default: 0] > 0) }

        // What was on its way when the process was killed, and what was taken without an answer, may come again.
        let duplicates = taken.values.reduce(0) { $0 + $1 - 1 }
        #expect(duplicates <= (3 * 4 + answers["lost", default: 0]) * 2_048)
        let words = answers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        print("kill drill: \(ids.count) spans stored and arrived, \(duplicates) of them twice; answers: \(words)")
    }
}

/// What befalls a collector, one thing after the other, with a little sunshine between.
private final class Weather: Sendable {
    private let collector: FakeCollector
    private let isOver = Atomic(false)
    private let hasEnded = Atomic(false)

    init(_ collector: FakeCollector) {
        self.collector = collector
        Thread.detachNewThread { self.change() }
    }

    /// Ends it once everything has happened to a request: from now on the collector works.
    func clear() async throws {
        isOver.store(true, ordering: .relaxed)
        try await eventually { hasEnded.load(ordering: .relaxed) }
        try collector.tell("start")
        try collector.tell("answer 200")
    }

    private func change() {
        defer { hasEnded.store(true, ordering: .relaxed) }
        let faults = ["stop", "answer 503", "answer 429 1", "answer hang", "answer reset", "answer lost"]
        var missing = Set(faults)
        while true {
            for fault in faults {
                guard let isMet = hold(fault), hold("start") != nil, hold("answer 200") != nil else { return }
                if isMet { missing.remove(fault) }
            }
            if missing.isEmpty, isOver.load(ordering: .relaxed) { return }
        }
    }

    /// Lets something last until a request has met it, or for two seconds: the process may be waiting, or dead.
    ///
    /// - Returns: Whether a request has met it; nil when the collector has died.
    private func hold(_ command: String) -> Bool? {
        let words = command.split(separator: " ").map(String.init)
        guard let before = try? collector.tell(command) else { return nil }
        if command == "start" { return true }
        for _ in 0..<(command == "stop" ? 15 : 100) {
            usleep(20_000)
            guard words.count > 1 else { continue }
            guard let now = try? collector.tell("count") else { return nil }
            if now[words[1]] != before[words[1]] { return true }
        }
        return command == "stop"
    }
}
