import Dispatch
import ThroughlineModel
import ThroughlineStore
import ThroughlineTracer

/// One exporter's cursor in a store. SQLite blocks, so it lives on a thread of its own and not on Swift's cooperative
/// pool.
actor ExportCursor {
    private let thread: QueueExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let log: ExportLog
    private let exporter: String
    private let holder: String
    private let lease: UInt64
    private let now: @Sendable () -> Timestamp

    init(
        _ log: ExportLog, _ exporter: String, heldBy holder: String, lease: Duration,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.log = log
        self.exporter = exporter
        self.holder = holder
        self.lease = UInt64(clamping: lease.nanoseconds)
        self.now = now
        thread = QueueExecutor("throughline.export.\(exporter)")
    }

    /// Takes the exporter or prolongs the lease; whoever has it, when it is somebody else.
    func claim() throws(StoreError) -> ExportHolder? {
        try log.claim(exporter, by: holder, now: now(), forNanoseconds: lease)
    }

    func release() throws(StoreError) { try log.release(exporter, by: holder) }

    func rewind() throws(StoreError) -> Bool { try log.rewind(exporter, by: holder) }

    func position() throws(StoreError) -> Int64 { try log.position(of: exporter) }

    func backlog(after position: Int64) throws(StoreError) -> ExportBacklog { try log.backlog(after: position) }

    func batch(after position: Int64, _ limit: ExportLimit) throws(StoreError) -> ExportBatch {
        try log.nextBatch(after: position, limit)
    }

    /// Notes what became of spans.
    ///
    /// - Throws: ``ForwardingError/lost`` when somebody else has the exporter now.
    func settle(_ settlement: ForwardingWindow.Settlement) throws {
        let isNoted =
            switch settlement {
            case .accepted(let position, let exported, let rejected):
                try log.advance(exporter, by: holder, past: position, exported: exported, rejected: rejected)
            case .refused(let batch, let reason):
                try log.setAside(batch, of: exporter, by: holder, reason: reason, now: now())
            }
        guard isNoted else { throw ForwardingError.lost }
    }

    func note(failure: String) throws(StoreError) {
        try log.note(failure: failure, of: exporter, by: holder, now: now())
    }

    func setAside() throws(StoreError) -> [SetAsideBatch] { try log.setAside(of: exporter) }

    func batch(of batch: SetAsideBatch, _ limit: ExportLimit) throws(StoreError) -> ExportBatch {
        try log.nextBatch(of: batch, limit)
    }

    func resent(
        _ sent: ExportBatch, of batch: SetAsideBatch, exported: Int, rejected: Int
    ) throws(StoreError) -> SetAsideBatch? {
        try log.resent(sent, of: batch, by: holder, exported: exported, rejected: rejected)
    }
}

/// Why forwarding stops although nothing is wrong with store or collector.
enum ForwardingError: Error {
    /// Somebody else has the exporter: this process did not come round to prolonging its lease in time.
    case lost
}

/// Runs an actor on a dispatch queue, whose threads may block.
private final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
