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
    /// In the arrays in which they were read; a text that another array has too may stand in both.
    private var texts: [[String]] = [[]]
    /// By number: the array, and the place in it.
    private var places: [(array: Int32, place: Int32)] = []
    /// By number: the hash of the text.
    private var hashes: [UInt32] = []
    private var table: HashTable
    var doubles = Doubles()

    init(capacity: Int = 0) {
        table = HashTable(capacity: capacity)
        texts[0].reserveCapacity(capacity)
        places.reserveCapacity(capacity)
        hashes.reserveCapacity(capacity)
    }

    /// Makes room for that many, those that are there included.
    mutating func reserveCapacity(_ count: Int) {
        places.reserveCapacity(count)
        hashes.reserveCapacity(count)
        table.reserveCapacity(count)
    }

    var count: Int { places.count }

    /// The text of a name that is present.
    subscript(name: Name) -> String { text(name.place) }

    private func text(_ number: Int) -> String { texts[Int(places[number].array)][Int(places[number].place)] }

    /// The text of a name, nil for an absent one.
    func text(_ name: Name) -> String? { name.isPresent ? self[name] : nil }

    /// Absent when nobody has named it.
    func find(_ text: String) -> Name {
        table.find(Hash.of(text)) { self.text($0) == text }.map { Name(number: Int32($0)) } ?? .absent
    }

    mutating func name(_ text: String) -> Name {
        let hash = Hash.of(text)
        if let known = table.find(hash, where: { self.text($0) == text }) { return Name(number: Int32(known)) }
        table.insert(hash, count)
        return append(text, hash)
    }

    /// A name that its text does not lead to by itself.
    mutating func append(_ text: String) -> Name { append(text, Hash.of(text)) }

    private mutating func append(_ text: String, _ hash: UInt32) -> Name {
        texts[0].append(text)
        return append(hash, array: 0, place: texts[0].count - 1)
    }

    private mutating func append(_ hash: UInt32, array: Int, place: Int) -> Name {
        places.append((Int32(truncatingIfNeeded: array), Int32(truncatingIfNeeded: place)))
        hashes.append(hash)
        return Name(number: Int32(truncatingIfNeeded: count - 1))
    }

    /// Takes over the texts of another table in their order, without looking at one unless its hash is known.
    ///
    /// - Returns: by the number of a name there, the name here.
    mutating func append(_ other: NameTable) -> [Name] {
        let first = texts.count
        texts += other.texts
        var names: [Name] = []
        names.reserveCapacity(other.count)
        for number in 0..<other.count {
            let hash = other.hashes[number]
            let (array, place) = (first + Int(other.places[number].array), Int(other.places[number].place))
            if let known = table.find(hash, where: { text($0) == texts[array][place] }) {
                names.append(Name(number: Int32(known)))
            } else {
                table.insert(hash, count)
                names.append(append(hash, array: array, place: place))
            }
        }
        return names
    }

    mutating func name(_ text: String?) -> Name { text.map { name($0) } ?? .absent }
}
