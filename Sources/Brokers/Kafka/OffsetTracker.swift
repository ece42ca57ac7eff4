/// The offsets of one partition between reception and commit.
///
/// Kafka commits one position a partition, "everything before it is done", while handlers finish in any order. So only
/// the contiguous run of finished messages from the front may be committed. Offsets may have gaps (compaction,
/// transaction markers), hence the list of what was really received.
struct OffsetTracker {
    /// The position to commit: the offset after the last message of the contiguous finished run; nil before the first.
    private(set) var position: Int64?

    private var received: [Int64] = []
    /// The first of `received` that is not known to be finished.
    private var front = 0
    private var finished: Set<Int64> = []

    /// Notes a message, in the order of the partition. False, and nothing noted, when it breaks that order.
    mutating func receive(_ offset: Int64) -> Bool {
        if let last = received.last, offset <= last { return false }
        if let position, offset < position { return false }
        received.append(offset)
        return true
    }

    /// Notes that a received message is done with, for good.
    mutating func finish(_ offset: Int64) {
        finished.insert(offset)
        while front < received.count, finished.remove(received[front]) != nil {
            position = received[front] + 1
            front += 1
        }
        // Forgetting now and then, half of the list at least, keeps the cost per message constant.
        if front > 1_024, front * 2 > received.count {
            received.removeFirst(front)
            front = 0
        }
    }
}
