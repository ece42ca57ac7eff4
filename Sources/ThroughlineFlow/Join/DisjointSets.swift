/// Union-find with path halving and union by size.
struct DisjointSets {
    private var parents: [Int32]
    private var sizes: [Int32]

    init(count: Int) {
        parents = Array(0..<Int32(truncatingIfNeeded: count))
        sizes = Array(repeating: 1, count: count)
    }

    mutating func root(of element: Int) -> Int {
        var current = element
        while Int(parents[current]) != current {
            parents[current] = parents[Int(parents[current])]
            current = Int(parents[current])
        }
        return current
    }

    mutating func join(_ left: Int, _ right: Int) {
        let (left, right) = (root(of: left), root(of: right))
        guard left != right else { return }
        let (large, small) = sizes[left] < sizes[right] ? (right, left) : (left, right)
        parents[small] = Int32(truncatingIfNeeded: large)
        sizes[large] += sizes[small]
    }

    /// For each element some element of its set, the same for all of a set.
    mutating func roots() -> [Int] { parents.indices.map { root(of: $0) } }
}
