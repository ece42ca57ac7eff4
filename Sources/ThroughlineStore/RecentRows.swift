/// A bounded memory of which row a value has: two generations, of which the older one is forgotten when the younger
/// one is full. Looking a value up in the older one makes it young again.
struct RecentRows<Key: Hashable> {
    private var young: [Key: Int64] = [:]
    private var old: [Key: Int64] = [:]
    private let capacity: Int

    /// - Parameter capacity: of one generation.
    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func row(of key: Key) -> Int64? {
        if let row = young[key] { return row }
        guard let row = old[key] else { return nil }
        insert(key, row)
        return row
    }

    mutating func insert(_ key: Key, _ row: Int64) {
        if young.count >= capacity {
            old = young
            young = [:]
        }
        young[key] = row
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }
}
