/// Orders things by causality first and time second. Where causes form a circle, the earliest of it goes first.
package enum CausalOrder {
    /// - Parameters:
    ///   - times: when each thing happened; equal times keep their order.
    ///   - causes: for each thing the positions of its causes.
    /// - Returns: the positions in order.
    package static func sorted(times: [UInt64], causes: [[Int]]) -> [Int] {
        var lists = Lists()
        for list in causes {
            for cause in list { lists.append(cause) }
            lists.close()
        }
        return sorted(times: times, causes: lists)
    }

    static func sorted(times: [UInt64], causes: Lists) -> [Int] {
        let byTime = times.indices.sorted { left, right in
            times[left] == times[right] ? left < right : times[left] < times[right]
        }
        var rank = Array(repeating: 0, count: times.count)
        for (place, position) in byTime.enumerated() { rank[position] = place }
        // Clocks mostly agree with causes, and then time alone is the order.
        let isCausal = times.indices.allSatisfy { position in
            causes[position].allSatisfy { rank[$0] < rank[position] }
        }
        return isCausal ? byTime : resorted(byTime, rank, causes)
    }

    private static func resorted(_ byTime: [Int], _ rank: [Int], _ causes: Lists) -> [Int] {
        let count = byTime.count
        var effects: [[Int]] = Array(repeating: [], count: count)
        var waiting = (0..<count).map { causes[$0].count }
        for position in 0..<count {
            for cause in causes[position] { effects[cause].append(position) }
        }
        var ready = RankHeap()
        var done = Array(repeating: false, count: count)
        var order: [Int] = []
        order.reserveCapacity(count)
        for position in byTime where waiting[position] == 0 { ready.insert(rank[position]) }
        var earliest = 0
        while order.count < count {
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
struct RankHeap {
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
