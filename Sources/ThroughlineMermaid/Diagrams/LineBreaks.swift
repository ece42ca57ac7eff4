/// Where a line of text may end. Mermaid and browsers break at any space, which parts numbers from what they count.
enum LineBreaks {
    /// About so many characters are as wide as the edge labels of flowcharts and state diagrams may be.
    private static let labelRoom = 21

    /// A word such as `max` or `after` stays with the number that follows it.
    private static let longestLead = 5

    /// Words; a number stays with what it counts, a sign with what it is about, and a separator with what it follows. A
    /// sign at the start is about what follows it.
    private static func parts(_ text: String) -> [String] {
        var parts: [String] = []
        var previous: Substring = ""
        for word in text.split(separator: " ") {
            if isBound(word, to: previous, isFirst: parts.count == 1), let last = parts.popLast() {
                parts.append("\(last) \(word)")
            } else {
                parts.append(String(word))
            }
            previous = word
        }
        return parts
    }

    private static func isBound(_ word: Substring, to previous: Substring, isFirst: Bool) -> Bool {
        guard let first = word.first, let last = previous.last else { return false }
        if word.count == 1, "·%✗✓↻↩◀…".contains(first) { return true }
        if "×%".contains(first) || isDigit(last) { return true }
        if previous.count == 1, "◀↩→<".contains(last) || (last == "✗" && isFirst) { return true }
        return isDigit(first) && last.isLetter && previous.count <= longestLead
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    /// A label that Mermaid breaks by itself, with spaces that do not break where it should not. What fits on one line
    /// stays as it is.
    static func bound(_ text: String) -> String {
        guard text.count > labelRoom else { return text }
        return parts(text).map { $0.replacing(" ", with: "\u{A0}") }.joined(separator: " ")
    }

    /// Lines of at most that many characters where words allow: one for each clause where that is enough, else as few as
    /// fit, all about as long.
    static func lines(of text: String, room: Int) -> [String] {
        if text.count <= room { return [text] }
        let clauses = text.split(separator: "; ")
        return clauses.enumerated().flatMap { place, clause in
            evenly(parts(clause + (place < clauses.count - 1 ? ";" : "")), room)
        }
    }

    private static func evenly(_ parts: [String], _ room: Int) -> [String] {
        let fewest = filled(parts, room)
        guard fewest.count > 1 else { return fewest }
        var best = fewest
        var room = (fewest.map(\.count).max() ?? room) - 1
        while room > 0 {
            let lines = filled(parts, room)
            let widest = lines.map(\.count).max() ?? 0
            guard lines.count == fewest.count, widest <= room else { break }
            best = lines
            room = widest - 1
        }
        return best
    }

    private static func filled(_ parts: [String], _ room: Int) -> [String] {
        var lines: [String] = []
        for part in parts {
            if let last = lines.last, last.count + 1 + part.count <= room {
                lines[lines.count - 1] = "\(last) \(part)"
            } else {
                lines.append(part)
            }
        }
        return lines
    }
}
