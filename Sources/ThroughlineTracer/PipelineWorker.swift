import Dispatch
import Logging
import Synchronization
import ThroughlineModel

/// The pipeline's thread: wakes every interval, or when somebody asks for a flush, and empties the buffer.
final class PipelineWorker: Sendable {
    private struct Requests {
        var waiting: [CheckedContinuation<Bool, Never>] = []
        var isStopping = false
        var hasStopped = false
    }

    private let buffer: SpanBuffer
    private let sink: any SpanSink
    private let configuration: SpanPipeline.Configuration
    private let wake = DispatchSemaphore(value: 0)
    private let requests = Mutex(Requests())
    private let written = Atomic(0)
    private let lost = Atomic(0)
    private let inFlight = Atomic(0)
    private let tally: SpanTally
    private let metrics: PipelineMetrics

    init(buffer: SpanBuffer, sink: any SpanSink, tally: SpanTally, configuration: SpanPipeline.Configuration) {
        self.buffer = buffer
        self.tally = tally
        self.sink = sink
        self.configuration = configuration
        metrics = PipelineMetrics(capacity: configuration.capacity, sink: "\(type(of: sink))")
    }

    var writtenCount: Int { written.load(ordering: .relaxed) }
    var lostCount: Int { lost.load(ordering: .relaxed) }

    func start() {
        guard OperatingSystemThread.start({ self.run() }) else {
            configuration.logger?.error("The system has no thread left; no span will be recorded.")
            buffer.close()
            requests.withLock { $0.hasStopped = true }
            return
        }
    }

    func requestFlush() {
        wake.signal()
    }

    func requestStop() {
        requests.withLock { $0.isStopping = true }
        wake.signal()
    }

    func flush(within timeout: Duration) async -> Bool {
        await Deadline.wait(timeout) { continuation in
            let hasStopped = self.requests.withLock { requests in
                if !requests.hasStopped { requests.waiting.append(continuation) }
                return requests.hasStopped
            }
            if hasStopped { continuation.resume(returning: self.buffer.count == 0) } else { self.wake.signal() }
        }
    }

    func stop(within timeout: Duration) async -> Int {
        requests.withLock { $0.isStopping = true }
        let isDone = await flush(within: timeout)
        return isDone ? 0 : buffer.count + inFlight.load(ordering: .relaxed)
    }

    private func run() {
        var reported = PipelineMetrics.Totals()
        var exported = 0
        let interval = DispatchTimeInterval.nanoseconds(Int(clamping: configuration.interval.nanoseconds))
        var empty: [SpanBuffer.Item] = []
        var isFailing = false
        var isComplete = true
        while true {
            _ = wake.wait(timeout: .now() + interval)
            let (waiting, isStopping) = requests.withLock { requests in
                defer { requests.waiting = [] }
                return (requests.waiting, requests.isStopping)
            }
            // Closing before the last taking: what ends later is counted by the buffer, and nothing falls between.
            if isStopping { buffer.close() }
            var items = buffer.take(leaving: empty)
            let queued = items.count
            if !writeAll(items, isFailing: &isFailing, exported: &exported) { isComplete = false }
            items.removeAll(keepingCapacity: items.capacity <= 2 * configuration.batchSize)
            empty = items
            if !waiting.isEmpty || isStopping {
                do { try sink.flush() } catch { isComplete = false }
            }
            metrics.report(
                .init(
                    written: writtenCount, exported: exported, full: buffer.droppedCount, failed: lostCount,
                    started: tally.startedCounts, live: tally.liveCount, queued: queued), since: &reported)
            if isStopping { return finish(waiting, isComplete) }
            for continuation in waiting { continuation.resume(returning: isComplete) }
            if !waiting.isEmpty { isComplete = true }
        }
    }

    /// Nobody hears of the end before the sink has closed: the process may exit the moment after.
    private func finish(_ waiting: [CheckedContinuation<Bool, Never>], _ isComplete: Bool) {
        sink.close()
        let late = requests.withLock { requests in
            requests.hasStopped = true
            defer { requests.waiting = [] }
            return requests.waiting
        }
        for continuation in waiting + late { continuation.resume(returning: isComplete) }
    }

    private func writeAll(_ items: [SpanBuffer.Item], isFailing: inout Bool, exported: inout Int) -> Bool {
        var isWritten = true
        var start = items.startIndex
        inFlight.store(items.count, ordering: .relaxed)
        while start < items.endIndex {
            let end = min(start + configuration.batchSize, items.endIndex)
            var records: [SpanRecord] = []
            records.reserveCapacity(end - start)
            for item in items[start..<end] {
                switch item {
                case .ended(let span): records.append(SpanRecord(span))
                case .started(let span):
                    // A span that has ended meanwhile comes by again, or has come by already.
                    let record = SpanRecord(span)
                    if record.end == nil { records.append(record) }
                }
            }
            // A start that is lost is no loss when the end gets through, and part of the same span when it does not.
            let ended = records.count { $0.end != nil }
            do {
                if !records.isEmpty { try write(records) }
                written.add(records.count, ordering: .relaxed)
                exported += ended
                isFailing = false
            } catch {
                lost.add(ended, ordering: .relaxed)
                isWritten = false
                if !isFailing {
                    configuration.logger?.error(
                        "Spans could not be written; they are lost and counted.",
                        metadata: ["error": "\(error)", "spans": "\(ended)"])
                }
                isFailing = true
            }
            inFlight.subtract(end - start, ordering: .relaxed)
            start = end
        }
        return isWritten
    }

    private func write(_ records: [SpanRecord]) throws {
        metrics.isWriting(records.count)
        let start = ContinuousClock.now
        defer {
            metrics.wrote(in: ContinuousClock.now - start)
            metrics.isWriting(0)
        }
        try sink.write(records)
    }
}
