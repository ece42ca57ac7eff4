import ThroughlineFlow

/// Chooses how much of a flow a picture shows: all of it where that is still readable, else folded, and in any case no
/// more than Mermaid draws by default.
struct ReadableFold {
    /// What of the flow the picture counts as one thing.
    enum Unit {
        case message
        case delivery
    }

    private let outline: Outline
    private let options: ViewOptions
    private let unit: Unit

    init(_ flow: Flow, _ options: ViewOptions, _ unit: Unit) {
        outline = Outline(flow)
        self.options = options
        self.unit = unit
    }

    /// So many things are readable in one picture.
    private static let usualRoom = 60

    /// Draws, with less and less, until the picture fits; the last one is taken as it is.
    func fitted<Picture>(
        draw: (OutlineSelection) -> Picture, fits: (Picture) -> Bool
    ) -> (picture: Picture, folding: String?) {
        let folded = FoldedOutline(outline, unfolding: options.unfolding)
        var room = options.unfolding == .everything ? Int.max : Self.usualRoom
        let tight = count(folded) <= room ? folded : nil
        let shown = tight ?? FoldedOutline(outline, unfolding: options.unfolding, minimum: 2)
        if room == .max { room = max(count(shown), Self.usualRoom) }
        while true {
            let selection = OutlineSelection(
                shown, room: room, width: options.unfolding == .everything ? .max : 30, focus: options.focus
            ) { counts(shown.subject($0)) }
            let picture = draw(selection)
            if fits(picture) || room == 0 { return (picture, FoldingText.of(selection)) }
            room = room > 1_000 ? room / 2 : room * 3 / 4
        }
    }

    private func count(_ folded: FoldedOutline) -> Int {
        folded.nodes.indices.count { counts(folded.subject($0)) }
    }

    private func counts(_ subject: Outline.Subject) -> Bool {
        switch (unit, subject) {
        case (.message, .publication), (.delivery, .hop): true
        default: false
        }
    }
}

/// What Mermaid draws by default: 50,000 characters of text (`maxTextSize`) and 500 edges (`maxEdges`).
enum MermaidLimit {
    static let edges = 500
    static let characters = 50_000

    /// The limit is on JavaScript's string length.
    static func allows(_ text: String) -> Bool { text.utf16.count <= characters }
}
