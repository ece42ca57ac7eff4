import DequeModule
import ThroughlineModel

/// The messages of one partition, oldest first, each at its offset.
struct PartitionLog {
    struct Entry {
        let message: InMemoryMessage
        /// When it was appended, on the broker's clock.
        let appendedAt: Duration
    }

    private var entries = Deque<Entry>()
    /// The offset of the oldest entry.
    private(set) var start: Int64 = 0
    /// The offset that the next entry gets.
    var end: Int64 { start + Int64(entries.count) }

    subscript(offset: Int64) -> Entry? {
        offset >= start && offset < end ? entries[Int(offset - start)] : nil
    }

    mutating func append(_ message: InMemoryMessage, at time: Duration) -> Int64 {
        entries.append(Entry(message: message, appendedAt: time))
        return end - 1
    }

    /// Lets go of what the options no longer keep.
    mutating func expire(_ options: TopicOptions, now: Duration) {
        if let limit = options.retainedMessages {
            while entries.count > max(0, limit) { removeFirst() }
        }
        if let retention = options.retention {
            while let first = entries.first, now - first.appendedAt >= retention { removeFirst() }
        }
    }

    func offset(of position: TopicPosition) -> Int64 {
        switch position {
        case .beginning: start
        case .end: end
        case .offset(let offset): min(max(offset, start), end)
        case .time(let time):
            start + Int64(entries.firstIndex { ($0.message.enqueuedTime ?? time) >= time } ?? entries.count)
        }
    }

    var messages: [InMemoryMessage] { entries.map(\.message) }

    private mutating func removeFirst() {
        entries.removeFirst()
        start += 1
    }
}
