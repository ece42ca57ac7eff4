import ThroughlineModel
import ThroughlineStore

/// The batches of one exporter that are on their way: several at once, settled in the order of the store.
///
/// After a failure one batch is sent at a time until one gets through, so that a collector in trouble is not asked four
/// times over.
struct ForwardingWindow {
    /// What is noted in the store.
    enum Settlement {
        /// Everything up to a position was taken or had nothing to export.
        case accepted(through: Int64, exported: Int, rejected: Int)
        case refused(ExportBatch, String)
    }

    /// A batch to send.
    struct Shipment: Sendable {
        let id: Int
        let spans: [SpanRecord]
    }

    private enum State {
        case waiting
        case sending
        case accepted(rejected: Int)
        case refused(String)
    }

    private struct Entry {
        let id: Int
        let batch: ExportBatch
        var state: State
    }

    private let capacity: Int
    private var entries: [Entry] = []
    private var nextID = 0
    private var sending = 0
    /// The last span that was read.
    private(set) var position: Int64
    /// True after a failure, until a batch that was sent later gets through.
    private(set) var isProbing = false
    private var probe: Int?
    /// True after a failure, until ``resume()``: nothing is sent.
    private(set) var isPaused = false

    init(after position: Int64, capacity: Int) {
        self.position = position
        self.capacity = max(1, capacity)
    }

    var isEmpty: Bool { entries.isEmpty }
    var isSending: Bool { sending > 0 }
    /// True when another batch may be read.
    var hasRoom: Bool { entries.count < capacity && !isProbing }

    /// Takes a batch that was read behind ``position``.
    mutating func append(_ batch: ExportBatch) {
        entries.append(
            Entry(id: nextID, batch: batch, state: batch.spans.isEmpty ? .accepted(rejected: 0) : .waiting))
        nextID += 1
        position = batch.last
    }

    /// The next batch that may be sent now; nil when none may.
    mutating func startNext() -> Shipment? {
        if isPaused || isProbing && isSending { return nil }
        guard let index = entries.firstIndex(where: { if case .waiting = $0.state { true } else { false } }) else {
            return nil
        }
        entries[index].state = .sending
        sending += 1
        probe = isProbing ? entries[index].id : nil
        return Shipment(id: entries[index].id, spans: entries[index].batch.spans)
    }

    /// Takes the outcome of a shipment.
    mutating func finish(_ id: Int, _ outcome: ExportOutcome) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        sending -= 1
        switch outcome {
        case .accepted(let rejected):
            // The number comes from outside.
            let most = entries[index].batch.spans.count
            entries[index].state = .accepted(rejected: min(max(0, rejected), most))
        case .refused(let reason): entries[index].state = .refused(reason)
        case .failed, .misconfigured:
            entries[index].state = .waiting
            isProbing = true
            isPaused = true
            return
        }
        // An answer to what was sent before the failure says nothing about now.
        if probe == id { isProbing = false }
    }

    /// Ends the pause after a failure.
    mutating func resume() { isPaused = false }

    /// Takes out what may be noted: everything before the first batch that is not settled.
    mutating func takeSettled() -> [Settlement] {
        var settled: [Settlement] = []
        var count = 0
        settling: for entry in entries {
            switch entry.state {
            case .waiting, .sending: break settling
            case .refused(let reason): settled.append(.refused(entry.batch, reason))
            case .accepted(let rejected):
                let taken = entry.batch.spans.count - rejected
                if case .accepted(_, let exported, let before)? = settled.last {
                    settled[settled.count - 1] = .accepted(
                        through: entry.batch.last, exported: exported + taken, rejected: before + rejected)
                } else {
                    settled.append(.accepted(through: entry.batch.last, exported: taken, rejected: rejected))
                }
            }
            count += 1
        }
        entries.removeFirst(count)
        return settled
    }
}
