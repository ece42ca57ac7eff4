/// Messages received and not yet handed out: a queue that also takes a requeued message back in front.
struct MessageBuffer {
    /// The next ones, last first.
    private var front: [KafkaMessage] = []
    private var back: [KafkaMessage] = []

    var count: Int { front.count + back.count }
    var isEmpty: Bool { front.isEmpty && back.isEmpty }

    mutating func append(_ message: KafkaMessage) {
        back.append(message)
    }

    mutating func putBack(_ message: KafkaMessage) {
        front.append(message)
    }

    mutating func take(atMost limit: Int) -> [KafkaMessage] {
        var taken: [KafkaMessage] = []
        taken.reserveCapacity(min(limit, count))
        while taken.count < limit {
            if front.isEmpty {
                guard !back.isEmpty else { break }
                front = back.reversed()
                back.removeAll(keepingCapacity: true)
            }
            taken.append(front.removeLast())
        }
        return taken
    }

    mutating func removeAll(where isUnwanted: (KafkaMessage) -> Bool) {
        front.removeAll(where: isUnwanted)
        back.removeAll(where: isUnwanted)
    }
}
