/// A dictionary that forgets what was put in first when it is full.
struct BoundedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private(set) var values: [Key: Value] = [:]
    private var order: [Key] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var isEmpty: Bool { values.isEmpty }

    subscript(key: Key) -> Value? { values[key] }

    /// Changes a value, or a new one where there is none.
    ///
    /// - Returns: what had to be forgotten to make room for it.
    mutating func change(_ key: Key, new: @autoclosure () -> Value, _ change: (inout Value) -> Void) -> Value? {
        let count = values.count
        change(&values[key, default: new()])
        guard values.count > count else { return nil }
        order.append(key)
        guard order.count - oldest > capacity else { return nil }
        let forgotten = values.removeValue(forKey: order[oldest])
        oldest += 1
        if oldest > capacity {
            order.removeFirst(oldest)
            oldest = 0
        }
        return forgotten
    }

    mutating func set(_ key: Key, _ value: Value) {
        _ = change(key, new: value) { $0 = value }
    }

    mutating func remove(_ key: Key) -> Value? { values.removeValue(forKey: key) }
}
