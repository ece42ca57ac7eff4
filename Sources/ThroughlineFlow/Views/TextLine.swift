/// One line of the tree, in pieces: too little room shortens names first, then leaves out what matters least.
struct TextLine {
    enum Colour: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    private struct Piece {
        var text: String
        var colour: Colour?
        var isName: Bool
        var isOptional: Bool
    }

    private var pieces: [Piece] = []

    init() {}

    /// - Parameters:
    ///   - isName: it may be shortened in its middle.
    ///   - isOptional: it may be left out.
    mutating func add(_ text: String, _ colour: Colour? = nil, isName: Bool = false, isOptional: Bool = false) {
        if text.isEmpty { return }
        pieces.append(Piece(text: OneLine.of(text), colour: colour, isName: isName, isOptional: isOptional))
    }

    mutating func add(_ other: TextLine) { pieces += other.pieces }

    private var columns: Int { pieces.reduce(0) { $0 + OneLine.columns($1.text) } }

    /// The line with at most that many columns; what no longer fits shows as `…` at its end.
    func text(columns limit: Int?, isColoured: Bool) -> String {
        guard let limit, columns > limit else { return Self.joined(pieces, isColoured) }
        var whole = self
        var line = whole.shortened(to: limit)
        while line.columns > limit, let last = whole.pieces.lastIndex(where: \.isOptional) {
            whole.leaveOut(last)
            // With fewer pieces, names may have more room again.
            line = whole.shortened(to: limit)
        }
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
        return Self.joined(line.pieces, isColoured)
    }

    /// The names as long as fits, and of fourteen characters where nothing does.
    private func shortened(to limit: Int) -> TextLine {
        var line = self
        for length in [40, 28, 20, 14] where line.columns > limit {
            for place in line.pieces.indices where line.pieces[place].isName {
                line.pieces[place].text = OneLine.shortened(line.pieces[place].text, to: length)
            }
        }
        return line
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
            result += "\u{1B}[\(colour.rawValue)m\(piece.text)\u{1B}[0m"
        }
        while result.last == " " { result.removeLast() }
        return result
    }
}
