import Synchronization

/// The bounded buffer between the threads that make spans and the pipeline's thread.
///
/// Appending is a short critical section and nothing else: no allocation once the array has grown, no system call, no
/// hop. A full buffer drops the new span and counts it: tracing never holds up messaging.
final class SpanBuffer: Sendable {
    enum Item {
        case started(RecordingSpan)
        case ended(RecordingSpan)
    }

    private let capacity: Int
    private let items = Mutex<[Item]>([])
    private let dropped = Atomic(0)
    private let isClosed = Atomic(false)

    init(capacity: Int) {
        self.capacity = capacity
    }

    func append(_ item: Item) {
        let isTaken = items.withLock { items in
            guard items.count < capacity, !isClosed.load(ordering: .relaxed) else { return false }
            items.append(item)
            return true
        }
        // A span is counted once, by its end.
        if !isTaken, case .ended = item { dropped.add(1, ordering: .relaxed) }
    }

    /// Takes everything that is there, and leaves an empty array that has grown already.
    func take(leaving empty: [Item]) -> [Item] {
        items.withLock { items in
            let taken = items
            items = empty
            return taken
        }
    }

    /// From now on everything is dropped and counted.
    func close() { isClosed.store(true, ordering: .relaxed) }

    var count: Int { items.withLock { $0.count } }
    var droppedCount: Int { dropped.load(ordering: .relaxed) }
}
