import Dispatch
import Logging
import Metrics
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
    private let counters = PipelineCounters()

    init(buffer: SpanBuffer, sink: any SpanSink, configuration: SpanPipeline.Configuration) {
        self.buffer = buffer
        self.sink = sink
        self.configuration = configuration
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
        var reported = PipelineCounters.Totals()
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
            if !writeAll(items, isFailing: &isFailing) { isComplete = false }
            items.removeAll(keepingCapacity: items.capacity <= 2 * configuration.batchSize)
            empty = items
            if !waiting.isEmpty || isStopping {
                do { try sink.flush() } catch { isComplete = false }
            }
            counters.report(
                .init(written: writtenCount, full: buffer.droppedCount, failed: lostCount), since: &reported)
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

    private func writeAll(_ items: [SpanBuffer.Item], isFailing: inout Bool) -> Bool {
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
            do {
                if !records.isEmpty { try sink.write(records) }
                written.add(records.count, ordering: .relaxed)
                isFailing = false
            } catch {
                // A start that is lost is no loss when the end gets through, and part of the same span when it does not.
                let ended = records.count { $0.end != nil }
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
}

/// Reports totals as counters: swift-metrics counts increments.
private struct PipelineCounters {
    struct Totals {
        var written = 0
        var full = 0
        var failed = 0
    }

    private let written = Counter(label: "throughline.spans.written")
    private let full = Counter(label: "throughline.spans.dropped", dimensions: [("reason", "buffer-full")])
    private let failed = Counter(label: "throughline.spans.dropped", dimensions: [("reason", "sink-failed")])

    func report(_ now: Totals, since last: inout Totals) {
        if now.written > last.written { written.increment(by: now.written - last.written) }
        if now.full > last.full { full.increment(by: now.full - last.full) }
        if now.failed > last.failed { failed.increment(by: now.failed - last.failed) }
        last = now
    }
}
