/// A dictionary that forgets what was put in first when it is full.
struct BoundedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: Value] = [:]
    private var order: [Key] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var isEmpty: Bool { values.isEmpty }

    subscript(key: Key) -> Value? {
        get { values[key] }
        set {
            guard let newValue else { return }
            if values.updateValue(newValue, forKey: key) == nil { order.append(key) }
            if order.count - oldest > capacity {
                values[order[oldest]] = nil
                oldest += 1
            }
            if oldest > capacity {
                order.removeFirst(oldest)
                oldest = 0
            }
        }
    }

    mutating func remove(_ key: Key) -> Value? { values.removeValue(forKey: key) }
}
