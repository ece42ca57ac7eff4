/// Who waits, first come first served; leaving the line early costs no more than waiting in it, however long it is.
struct WaitingLine<Waiting> {
    private var waiting: [UInt: Waiting] = [:]
    /// The numbers in the order of arrival, those included that have left early.
    private var order: [UInt] = []
    private var front = 0

    mutating func join(_ entry: Waiting, as id: UInt) {
        waiting[id] = entry
        order.append(id)
    }

    mutating func leave(_ id: UInt) -> Waiting? {
        waiting.removeValue(forKey: id)
    }

    mutating func takeFirst(_ count: Int) -> [Waiting] {
        var taken: [Waiting] = []
        while taken.count < count, front < order.count {
            if let entry = waiting.removeValue(forKey: order[front]) { taken.append(entry) }
            front += 1
        }
        if front * 2 >= order.count {
            order.removeFirst(front)
            front = 0
        }
        return taken
    }
}
