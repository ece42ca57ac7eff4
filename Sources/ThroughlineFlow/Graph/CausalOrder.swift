/// Orders things by causality first and time second. Where causes form a circle, the earliest of it goes first.
package enum CausalOrder {
    /// - Parameters:
    ///   - times: when each thing happened; equal times keep their order.
    ///   - causes: for each thing the positions of its causes.
    /// - Returns: the positions in order.
    package static func sorted(times: [UInt64], causes: [[Int]]) -> [Int] {
        var effects: [[Int]] = Array(repeating: [], count: times.count)
        var waiting = causes.map(\.count)
        for (position, list) in causes.enumerated() {
            for cause in list { effects[cause].append(position) }
        }
        let byTime = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        var rank = Array(repeating: 0, count: times.count)
        for (place, position) in byTime.enumerated() { rank[position] = place }

        var ready = RankHeap()
        var done = Array(repeating: false, count: times.count)
        var order: [Int] = []
        order.reserveCapacity(times.count)
        for position in byTime where waiting[position] == 0 { ready.insert(rank[position]) }
        var earliest = 0
        while order.count < times.count {
            let next: Int
            if let place = ready.removeSmallest() {
                next = byTime[place]
            } else {
                while done[byTime[earliest]] { earliest += 1 }
                next = byTime[earliest]
            }
            if done[next] { continue }
            done[next] = true
            order.append(next)
            for effect in effects[next] {
                waiting[effect] -= 1
                if waiting[effect] == 0, !done[effect] { ready.insert(rank[effect]) }
            }
        }
        return order
    }
}

/// A binary heap of numbers, smallest first.
private struct RankHeap {
    private var items: [Int] = []

    mutating func insert(_ item: Int) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeSmallest() -> Int? {
        guard let smallest = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return smallest }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
                least = child
            }
            if least == parent { return smallest }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
