/// A line for a terminal, in pieces: too little room shortens names first, then leaves out what matters least.
struct TextLine {
    struct Colour {
        let code: String

        static let bold = Colour(code: "1")
        static let dim = Colour(code: "2")
        static let red = Colour(code: "31")
        static let green = Colour(code: "32")
        static let yellow = Colour(code: "33")
        static let cyan = Colour(code: "36")

        /// One of the 256 colours that terminals number.
        static func numbered(_ number: Int) -> Colour { Colour(code: "38;5;\(number)") }
    }

    /// What may be left out, the least telling first. The number is how many columns names are shortened to before that.
    enum Detail: Int, CaseIterable {
        case least = 14
        case more = 12
        case most = 10
    }

    private struct Piece {
        var text: String
        var colour: Colour?
        var isName = false
        var detail: Detail?
        /// Where the next piece begins when there is room.
        var stop: Int?
    }

    private var pieces: [Piece] = []

    init() {}

    /// - Parameters:
    ///   - isName: it may be shortened in its middle.
    ///   - detail: it may be left out, and when; of what is alike the last goes first.
    mutating func add(_ text: String, _ colour: Colour? = nil, isName: Bool = false, detail: Detail? = nil) {
        if text.isEmpty { return }
        pieces.append(Piece(text: OneLine.of(text), colour: colour, isName: isName, detail: detail))
    }

    mutating func add(_ other: TextLine) { pieces += other.pieces }

    /// What follows begins at that column, or later where the line has come further, or sooner where room is short.
    mutating func tab(to column: Int) { pieces.append(Piece(text: "", stop: column)) }

    private var columns: Int { Self.columns(pieces) }

    private static func columns(_ pieces: some Sequence<Piece>) -> Int {
        pieces.reduce(0) { $0 + OneLine.columns($1.text) }
    }

    /// The line with at most that many columns; what no longer fits shows as `…` at its end.
    func text(columns limit: Int?, isColoured: Bool) -> String {
        var line = limit.map(fitted) ?? self
        line.fill(limit)
        return Self.joined(line.pieces, isColoured)
    }

    private func fitted(to limit: Int) -> TextLine {
        var whole = self
        var line = self
        for detail in Detail.allCases where line.columns > limit {
            line = whole.shortened(to: limit, least: detail.rawValue)
            while line.columns > limit, let last = whole.pieces.lastIndex(where: { $0.detail == detail }) {
                whole.leaveOut(last)
                // With fewer pieces, names may have more room again.
                line = whole.shortened(to: limit, least: detail.rawValue)
            }
        }
        if line.columns > limit { line = whole.shortened(to: limit, least: 0) }
        while line.columns > limit, var last = line.pieces.popLast() {
            while !last.text.isEmpty, line.columns + OneLine.columns(last.text) >= limit { last.text.removeLast() }
            if !last.text.isEmpty {
                last.text += "…"
                line.pieces.append(last)
            } else if line.columns < limit, var end = line.pieces.popLast() {
                end.text += "…"
                line.pieces.append(end)
            }
        }
        return line
    }

    /// The names as long as fits, and of that many columns where nothing does.
    private func shortened(to limit: Int, least: Int) -> TextLine {
        var line = self
        for length in [40, 28, 20, 14, 12, 10, 8, 6, 4] where length >= least && line.columns > limit {
            for place in line.pieces.indices where line.pieces[place].isName && line.columns > limit {
                line.pieces[place].text = OneLine.fitted(line.pieces[place].text, columns: length)
            }
        }
        return line
    }

    private mutating func fill(_ limit: Int?) {
        for place in pieces.indices {
            guard let stop = pieces[place].stop else { continue }
            let missing = min(stop - Self.columns(pieces[..<place]), limit.map { $0 - columns } ?? .max)
            pieces[place].text += String(repeating: " ", count: max(0, missing))
        }
    }

    /// What stood on both sides needs no more than one space between.
    private mutating func leaveOut(_ place: Int) {
        pieces.remove(at: place)
        guard place > 0, place < pieces.count, pieces[place].text.first == " " else { return }
        while pieces[place - 1].text.last == " " { pieces[place - 1].text.removeLast() }
    }

    private static func joined(_ pieces: [Piece], _ isColoured: Bool) -> String {
        var result = ""
        for piece in pieces {
            guard isColoured, let colour = piece.colour else {
                result += piece.text
                continue
            }
            result += "\u{1B}[\(colour.code)m\(piece.text)\u{1B}[0m"
        }
        while result.last == " " { result.removeLast() }
        return result
    }
}
