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
    /// By number: the hash of the text.
    private var hashes: [UInt32] = []
    private var table: HashTable
    var doubles = Doubles()

    init(capacity: Int = 0) {
        table = HashTable(capacity: capacity)
        texts.reserveCapacity(capacity)
        hashes.reserveCapacity(capacity)
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

    mutating func name(_ text: String) -> Name { name(text, Hash.of(text)) }

    private mutating func name(_ text: String, _ hash: UInt32) -> Name {
        if let known = table.find(hash, where: { texts[$0] == text }) { return Name(number: Int32(known)) }
        table.insert(hash, texts.count)
        return append(text, hash)
    }

    /// A name that its text does not lead to by itself.
    mutating func append(_ text: String) -> Name { append(text, Hash.of(text)) }

    private mutating func append(_ text: String, _ hash: UInt32) -> Name {
        texts.append(text)
        hashes.append(hash)
        return Name(number: Int32(texts.count - 1))
    }

    /// Takes over the texts of another table in their order.
    ///
    /// - Returns: by the number of a name there, the name here.
    mutating func append(_ other: NameTable) -> [Name] { zip(other.texts, other.hashes).map { name($0, $1) } }

    mutating func name(_ text: String?) -> Name { text.map { name($0) } ?? .absent }
}
