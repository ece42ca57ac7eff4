/// Union-find with path halving and union by size.
package struct DisjointSets {
    private var parents: [Int32]
    private var sizes: [Int32]

    package init(count: Int) {
        parents = Array(0..<Int32(truncatingIfNeeded: count))
        sizes = Array(repeating: 1, count: count)
    }

    /// Adds an element, a set by itself.
    package mutating func add() -> Int {
        parents.append(Int32(truncatingIfNeeded: parents.count))
        sizes.append(1)
        return parents.count - 1
    }

    mutating func root(of element: Int) -> Int {
        var current = element
        while Int(parents[current]) != current {
            parents[current] = parents[Int(parents[current])]
            current = Int(parents[current])
        }
        return current
    }

    /// - Returns: false when they were in one set before.
    @discardableResult
    package mutating func join(_ left: Int, _ right: Int) -> Bool {
        let (left, right) = (root(of: left), root(of: right))
        guard left != right else { return false }
        let (large, small) = sizes[left] < sizes[right] ? (right, left) : (left, right)
        parents[small] = Int32(truncatingIfNeeded: large)
        sizes[large] += sizes[small]
        return true
    }

    /// For each element some element of its set, the same for all of a set.
    mutating func roots() -> [Int] { parents.indices.map { root(of: $0) } }
}
