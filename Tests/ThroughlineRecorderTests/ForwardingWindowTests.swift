import FlowFixtures
import Testing
import ThroughlineModel
import ThroughlineStore

@testable import ThroughlineRecorder

@Suite struct ForwardingWindowTests {
    private func window(_ capacity: Int, spans: UInt64) throws -> ForwardingWindow {
        let bench = try ForwardingBench(spans: spans)
        let log = try ExportLog(path: bench.scratch.path())
        var window = ForwardingWindow(after: 0, capacity: capacity)
        while window.hasRoom {
            let batch = try log.nextBatch(after: window.position, ExportLimit(spans: 1))
            guard !batch.isEmpty else { break }
            window.append(batch)
        }
        return window
    }

    private func position(_ settled: [ForwardingWindow.Settlement]) -> [Int64] {
        settled.map { settlement in
            switch settlement {
            case .accepted(let position, _, _): position
            case .refused(let batch, _): -batch.last
            }
        }
    }

    @Test func `what was taken out of turn waits for what lies before it`() throws {
        var window = try window(3, spans: 5)
        let shipments = (0..<3).compactMap { _ in window.startNext() }
        #expect(shipments.map(\.spans.count) == [1, 1, 1] && !window.hasRoom)
        window.finish(shipments[2].id, .accepted(rejected: 0))
        window.finish(shipments[1].id, .refused("400"))
        #expect(window.takeSettled().isEmpty && !window.hasRoom)
        window.finish(shipments[0].id, .accepted(rejected: 0))
        #expect(position(window.takeSettled()) == [1, -2, 3])
        #expect(window.isEmpty && window.hasRoom && !window.isSending)
    }

    @Test func `after a failure nothing is sent before the pause, and then one batch alone`() throws {
        var window = try window(3, spans: 5)
        let shipments = (0..<3).compactMap { _ in window.startNext() }
        window.finish(shipments[0].id, .failed("503", retryAfter: nil))
        #expect(window.isPaused && window.startNext() == nil)
        // The answer to a request from before the failure.
        window.finish(shipments[1].id, .accepted(rejected: 0))
        #expect(window.isProbing && window.isPaused)
        window.finish(shipments[2].id, .failed("503", retryAfter: nil))
        window.resume()
        let next = window.startNext()
        let probe = try #require(next)
        #expect(probe.id == shipments[0].id && window.startNext() == nil)
        window.finish(probe.id, .accepted(rejected: 0))
        #expect(!window.isProbing)
        #expect(position(window.takeSettled()) == [2])
        #expect(window.startNext()?.id == shipments[2].id, "what failed is sent again, what was taken is not")
    }
}
