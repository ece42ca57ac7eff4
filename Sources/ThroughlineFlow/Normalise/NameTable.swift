/// A text that repeats from span to span, by its number in a ``NameTable``. Two are equal when their texts are.
struct Name: Hashable, Sendable {
    let number: Int32

    init(number: Int32) {
        self.number = number
    }

    /// No text. A value like any other and no optional, so that rows stay small.
    static let absent = Name(number: -1)

    var isPresent: Bool { number >= 0 }
    /// Where things are kept by name; of no use for an absent one.
    var place: Int { Int(number) }
}

/// Texts by number, each once, in the order in which they came.
struct NameTable: Sendable {
    private var texts: [String] = []
    private var table: HashTable
    var doubles = Doubles()

    init(capacity: Int = 0) {
        table = HashTable(capacity: capacity)
        texts.reserveCapacity(capacity)
    }

    var count: Int { texts.count }

    /// The text of a name that is present.
    subscript(name: Name) -> String { texts[name.place] }

    /// The text of a name, nil for an absent one.
    func text(_ name: Name) -> String? { name.isPresent ? texts[name.place] : nil }

    /// Absent when nobody has named it.
    func find(_ text: String) -> Name {
        table.find(Hash.of(text)) { texts[$0] == text }.map { Name(number: Int32($0)) } ?? .absent
    }

    mutating func name(_ text: String) -> Name {
        let hash = Hash.of(text)
        if let known = table.find(hash, where: { texts[$0] == text }) { return Name(number: Int32(known)) }
        table.insert(hash, texts.count)
        return append(text)
    }

    /// A name that its text does not lead to by itself.
    mutating func append(_ text: String) -> Name {
        texts.append(text)
        return Name(number: Int32(texts.count - 1))
    }

    mutating func name(_ text: String?) -> Name { text.map { name($0) } ?? .absent }
}
