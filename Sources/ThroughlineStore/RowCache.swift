/// What interned rows were last seen to hold. Row numbers of the tables that it stands before begin at 1 and are mostly
/// small, so most are found by their place and without hashing.
struct RowCache<Value> {
    private var byPlace: [Value?] = []
    private var byRow: [Int64: Value] = [:]
    private static var places: Int64 { 16_384 }
    private static var capacity: Int { 65_536 }

    /// Setting nil changes nothing.
    subscript(row: Int64) -> Value? {
        get {
            if row >= 0, row < byPlace.count { return byPlace[Int(row)] }
            return byRow.isEmpty ? nil : byRow[row]
        }
        set {
            guard let newValue else { return }
            guard row >= 0, row < Self.places else {
                if byRow.count >= Self.capacity { byRow = [:] }
                byRow[row] = newValue
                return
            }
            if row >= byPlace.count {
                let more = max(Int(row) + 1, min(2 * byPlace.count, Int(Self.places))) - byPlace.count
                byPlace.append(contentsOf: repeatElement(nil, count: more))
            }
            byPlace[Int(row)] = newValue
        }
    }
}
