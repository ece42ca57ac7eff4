/// Union-find with path halving and union by size.
struct DisjointSets {
    private var parents: [Int]
    private var sizes: [Int]

    init(count: Int) {
        parents = Array(0..<count)
        sizes = Array(repeating: 1, count: count)
    }

    mutating func root(of element: Int) -> Int {
        var current = element
        while parents[current] != current {
            parents[current] = parents[parents[current]]
            current = parents[current]
        }
        return current
    }

    mutating func join(_ left: Int, _ right: Int) {
        let (left, right) = (root(of: left), root(of: right))
        guard left != right else { return }
        let (large, small) = sizes[left] < sizes[right] ? (right, left) : (left, right)
        parents[small] = large
        sizes[large] += sizes[small]
    }

    /// For each element the number of its set; sets are numbered in the order of their first element.
    mutating func numbers() -> [Int] {
        var numberOfRoot = Array(repeating: -1, count: parents.count)
        var next = 0
        return parents.indices.map { element in
            let root = root(of: element)
            if numberOfRoot[root] < 0 {
                numberOfRoot[root] = next
                next += 1
            }
            return numberOfRoot[root]
        }
    }
}
