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
        let counters = PipelineCounters()
        let interval = DispatchTimeInterval.nanoseconds(Int(clamping: configuration.interval.nanoseconds))
        var empty: [SpanBuffer.Item] = []
        var isFailing = false
        while true {
            _ = wake.wait(timeout: .now() + interval)
            let (waiting, isStopping) = requests.withLock { requests in
                defer { requests.waiting = [] }
                return (requests.waiting, requests.isStopping)
            }
            var items = buffer.take(leaving: empty)
            var isWritten = writeAll(items, isFailing: &isFailing)
            items.removeAll(keepingCapacity: items.capacity <= 2 * configuration.batchSize)
            empty = items
            if !waiting.isEmpty || isStopping {
                do { try sink.flush() } catch { isWritten = false }
            }
            counters.update(written: writtenCount, full: buffer.droppedCount, failed: lostCount)
            for continuation in waiting { continuation.resume(returning: isWritten) }
            if isStopping {
                buffer.close()
                lost.add(buffer.take(leaving: []).count, ordering: .relaxed)
                sink.close()
                let late = requests.withLock { requests in
                    requests.hasStopped = true
                    defer { requests.waiting = [] }
                    return requests.waiting
                }
                for continuation in late { continuation.resume(returning: isWritten) }
                return
            }
        }
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
                lost.add(records.count, ordering: .relaxed)
                isWritten = false
                if !isFailing {
                    configuration.logger?.error(
                        "Spans could not be written; they are lost and counted.",
                        metadata: ["error": "\(error)", "spans": "\(records.count)"])
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
private final class PipelineCounters {
    private let writtenCounter = Counter(label: "throughline.spans.written")
    private let fullCounter = Counter(label: "throughline.spans.dropped", dimensions: [("reason", "buffer-full")])
    private let failedCounter = Counter(label: "throughline.spans.dropped", dimensions: [("reason", "sink-failed")])
    private var written = 0
    private var full = 0
    private var failed = 0

    func update(written: Int, full: Int, failed: Int) {
        if written > self.written { writtenCounter.increment(by: written - self.written) }
        if full > self.full { fullCounter.increment(by: full - self.full) }
        if failed > self.failed { failedCounter.increment(by: failed - self.failed) }
        self.written = written
        self.full = full
        self.failed = failed
    }
}
