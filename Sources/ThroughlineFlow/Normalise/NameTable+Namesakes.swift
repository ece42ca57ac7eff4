extension NameTable {
    /// Names that are written like others and mean something else; see ``Namesakes``.
    struct Doubles: Sendable {
        /// By the name that a text is found by: the others that are written the same.
        fileprivate var others: [Name: [Name]] = [:]
        /// The number of a name among those of its flow that are written the same, where it is not the first.
        fileprivate var numbers: [Name: Int] = [:]
        /// Names that could mean several things.
        fileprivate var open: Set<Name> = []
    }

    /// A new name that is written the same.
    mutating func namesake(of name: Name) -> Name {
        let made = append(self[name])
        doubles.others[name, default: []].append(made)
        return made
    }

    /// Everything that is written so.
    func all(_ text: String) -> [Name] {
        let name = find(text)
        return name.isPresent ? [name] + (doubles.others[name] ?? []) : []
    }

    /// Numbers a name among those of its flow that are written the same, from 1.
    mutating func number(_ name: Name, as number: Int) {
        if number > 1 { doubles.numbers[name] = number }
    }

    func number(of name: Name) -> Int { doubles.numbers.isEmpty ? 1 : doubles.numbers[name] ?? 1 }

    /// Says that the name could mean several things.
    mutating func leaveOpen(_ name: Name) { doubles.open.insert(name) }

    func isOpen(_ name: Name) -> Bool { doubles.open.contains(name) }
}
