/// For each of some things a list of numbers, all in two arrays.
struct Lists: Sendable {
    /// One of the lists.
    struct List: RandomAccessCollection, Sendable {
        fileprivate let values: ArraySlice<Int32>

        var startIndex: Int { values.startIndex }
        var endIndex: Int { values.endIndex }
        subscript(place: Int) -> Int { Int(values[place]) }
    }

    private var offsets: [Int32]
    private var values: [Int32]
    private let firstKey: Int

    /// Lists that are filled one after the other; see ``append(_:)`` and ``close()``.
    ///
    /// - Parameter firstKey: what the first of them is called, the others following.
    init(firstKey: Int = 0) {
        self.firstKey = firstKey
        offsets = [0]
        values = []
    }

    /// Sorts values by their keys; values of one key keep their order.
    init(count: Int, keys: [Int], values given: [Int]) {
        // One place too far to the right, so that filling the lists moves each start to where it belongs.
        var starts = [Int](repeating: 0, count: count + 2)
        for key in keys { starts[key + 2] += 1 }
        for key in 0..<count { starts[key + 2] += starts[key + 1] }
        values = [Int32](repeating: 0, count: given.count)
        for (key, value) in zip(keys, given) {
            values[starts[key + 1]] = Int32(truncatingIfNeeded: value)
            starts[key + 1] += 1
        }
        starts.removeLast()
        offsets = starts.map(Int32.init(truncatingIfNeeded:))
        firstKey = 0
    }

    /// Makes room for that many lists of one number each.
    mutating func reserveCapacity(_ count: Int) {
        offsets.reserveCapacity(count + 1)
        values.reserveCapacity(count)
    }

    /// Adds a number to the list that is open.
    mutating func append(_ value: Int) { values.append(Int32(truncatingIfNeeded: value)) }

    /// Ends the list that is open; the next one is.
    mutating func close() { offsets.append(Int32(truncatingIfNeeded: values.count)) }

    var count: Int { offsets.count - 1 }

    subscript(key: Int) -> List { List(values: values[places(of: key)]) }

    /// Where the numbers of a list are; see ``subscript(at:)``. Asking by place counts no reference.
    func places(of key: Int) -> Range<Int> { Int(offsets[key - firstKey])..<Int(offsets[key - firstKey + 1]) }

    subscript(at place: Int) -> Int { Int(values[place]) }

    /// The number of a list that has just one.
    func only(of key: Int) -> Int? {
        let places = places(of: key)
        return places.count == 1 ? self[at: places.lowerBound] : nil
    }

    /// Some of the lists by themselves, with keys and numbers from 0.
    ///
    /// - Parameter base: what becomes 0 among the numbers.
    func part(_ keys: Range<Int>, from base: Int) -> Lists {
        var part = Lists()
        part.reserveCapacity(keys.count)
        for key in keys {
            for place in places(of: key) { part.append(self[at: place] - base) }
            part.close()
        }
        return part
    }

    /// For each of that many numbers the lists that it is in.
    func inverse(count: Int) -> Lists {
        var keys: [Int] = []
        keys.reserveCapacity(values.count)
        for list in 0..<self.count { for _ in offsets[list]..<offsets[list + 1] { keys.append(list) } }
        return Lists(count: count, keys: values.map(Int.init), values: keys)
    }
}
