import FlowFixtures
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

@Suite struct LineBreakTests {
    @Test(arguments: [
        ("delivers ×2 · max 59 ms · 12 %", ["delivers ×2 ·", "max 59 ms ·", "12 %"]),
        ("emits CheckoutLogged ✗", ["emits", "CheckoutLogged ✗"]),
        ("charge card · billing · 60 ms", ["charge", "card ·", "billing ·", "60 ms"]),
        ("replayed after 1 min 27 s ✗", ["replayed", "after 1 min 27 s ✗"]),
        ("✗ participant failed ◀ last", ["✗ participant", "failed ◀ last"]),
    ])
    func `a label breaks between what belongs together`(label: String, parts: [String]) {
        let bound = LineBreaks.bound(label)
        #expect(bound.split(separator: " ").map { String($0).replacing("\u{A0}", with: " ") } == parts)
    }

    @Test func `a label that fits stays as it is`() {
        #expect(LineBreaks.bound("delivers · 4 ms · 52 %") != "delivers · 4 ms · 52 %")
        #expect(LineBreaks.bound("emits OrderPlaced ×3") == "emits OrderPlaced ×3")
    }

    @Test func `a note has a line for each clause, and lines about as long where that is not enough`() {
        let text = "critical path 41 ms: waiting 83 %, working 15 %, publishing 2 %; longest: ReadingTaken, 34 ms"
        #expect(LineBreaks.lines(of: text, room: 200) == [text])
        #expect(
            LineBreaks.lines(of: text, room: 70) == [
                "critical path 41 ms: waiting 83 %, working 15 %, publishing 2 %;", "longest: ReadingTaken, 34 ms",
            ])
        #expect(
            LineBreaks.lines(of: text, room: 45) == [
                "critical path 41 ms: waiting 83 %,", "working 15 %, publishing 2 %;", "longest: ReadingTaken, 34 ms",
            ])
    }

    @Test(arguments: GoldenFlow.allCases)
    func `nothing of a note is lost where it breaks, and no line is wider than the picture`(golden: GoldenFlow) {
        let diagram = SequenceView.diagram(of: Flow(golden.records)).diagram
        let room = SequenceWidths(diagram.participants, diagram.lines).room
        for case .noteAcross(let text) in diagram.lines {
            let plain = MermaidText.plain(text)
            let lines = LineBreaks.lines(of: plain, room: room)
            #expect(lines.joined(separator: " ") == plain)
            // A word that is too long for any line stands alone.
            #expect(lines.allSatisfy { $0.count <= room || !$0.contains(" ") })
        }
    }
}
