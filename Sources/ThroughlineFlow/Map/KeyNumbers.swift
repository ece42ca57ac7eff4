/// Numbers keys in the order in which they come, the same key the same number.
struct KeyNumbers<Key: Hashable & Sendable>: Sendable {
    private(set) var keys: [Key] = []
    private var numbers: [Key: Int32] = [:]

    mutating func number(_ key: Key) -> Int32 {
        if let known = numbers[key] { return known }
        let number = Int32(keys.count)
        keys.append(key)
        numbers[key] = number
        return number
    }
}
