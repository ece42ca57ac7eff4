import FlowFixtures
import Foundation
import Testing
import ThroughlineFlow

@testable import ThroughlineMermaid

/// docs/gallery.md is made of the golden flows; it may not differ from what the views draw today.
@Suite struct GalleryTests {
    private struct Picture {
        var sentence: String
        var flow: GoldenFlow
        var title: String
        var view: FlowView
    }

    private static let pictures: [(heading: String, pictures: [Picture])] = [
        (
            "One order, five ways",
            [
                Picture(
                    sentence: """
                        **Flowchart**: who talks to whom, each service and each destination once, in causal order; \
                        thick is the critical path with its shares, crossed a dead letter, dashed a replay.
                        """, flow: .order, title: "order 1042", view: .flowchart),
                Picture(
                    sentence: """
                        **Sequence**: who did what when; attempts and what became of them as notes, at work as long \
                        as the bar.
                        """, flow: .order, title: "order 1042", view: .sequence),
                Picture(
                    sentence: """
                        **Causation**: message by message; a message that several messages caused has several arrows \
                        in, commands are slanted.
                        """, flow: .order, title: "order 1042", view: .causation),
                Picture(
                    sentence: """
                        **Timeline**: waiting is grey, working is not, ◀ is the critical path; a replay long afterwards is \
                        a moment with its distance in words.
                        """, flow: .order, title: "order 1042", view: .timeline),
                Picture(
                    sentence: "**Tree**: the same in a terminal, as wide and as long as the screen.", flow: .order,
                    title: "order 1042", view: .tree),
            ]
        ),
        (
            "Stories that traces do not tell",
            [
                Picture(
                    sentence: """
                        **Outcomes**: alike messages are one arrow, and where they became different things, a branch says \
                        how many became what, and what came of it.
                        """, flow: .mixedOutcomes, title: "import 8", view: .sequence),
                Picture(
                    sentence: "**Saga**: the second step failed, so the first was undone.", flow: .saga,
                    title: "a booking", view: .saga),
                Picture(
                    sentence: """
                        **Retry topics**: each attempt on a topic and in a trace of its own is one delivery; its dead \
                        letter was replayed and failed again.
                        """, flow: .retryTopics, title: "parcel 4", view: .causation),
                Picture(
                    sentence: "**Fan-in**: the decision waited for two messages, and says so.", flow: .fanIn,
                    title: "claim 7", view: .causation),
                Picture(
                    sentence: """
                        **Outbox and schedule**: what was written down and not yet sent is part of the time that the \
                        flow took.
                        """, flow: .outbox, title: "an outbox", view: .timeline),
                Picture(
                    sentence: "**Batch**: four messages handled at once keep their own stories.", flow: .batch,
                    title: "import 3", view: .flowchart),
                Picture(
                    sentence: "**Request and reply** over messaging, with how long the answer took.",
                    flow: .requestReply, title: "a question", view: .sequence),
                Picture(
                    sentence: """
                        **Clocks**: they differ, the bounds are noted, no time is changed, and how long a message waited \
                        between them is unknown.
                        """, flow: .skewed,
                    title: "two clocks", view: .sequence),
                Picture(
                    sentence: "**Gaps**: whoever was never recorded stands there dashed, with the reason that fits.",
                    flow: .missingSender, title: "a renamed user", view: .flowchart),
                Picture(
                    sentence: "**Duplicates**: a delivery of what had been handled before is marked.",
                    flow: .duplicates, title: "at least once", view: .sequence),
            ]
        ),
    ]

    private static let large: [(sentence: String, shape: LargeFlowShape, view: FlowView)] = [
        (
            """
            **Two thousand rows**, two of which failed: alike ones are one, with their number and the spread of their \
            times; failures stay apart.
            """, .wide, .sequence
        ),
        ("**A tangle** of two thousand messages: what matters first, the rest counted where it was.", .tangled, .tree),
    ]

    private var text: String {
        var text = """
            # Gallery

            Flows written by hand for the tests, each with one thing that makes it hard, as `throughline flow --as …` \
            draws them. A test compares this page with what the views draw; \
            `THROUGHLINE_GALLERY=write swift test --filter GalleryTests` writes it anew.

            """
        for (heading, pictures) in Self.pictures {
            text += "\n## \(heading)\n"
            for picture in pictures {
                let drawn = picture.view.render(Flow(picture.flow.records), title: picture.title)
                text += Self.block(picture.sentence, drawn, picture.view)
            }
        }
        text += "\n## Flows that are too large to draw\n"
        for (sentence, shape, view) in Self.large {
            var options = ViewOptions()
            options.lines = 30
            options.columns = 110
            text += Self.block(sentence, view.render(Flow(shape.records(spans: 4_000)), options: options), view)
        }
        return text
    }

    private static func block(_ sentence: String, _ drawn: String, _ view: FlowView) -> String {
        "\n\(sentence)\n\n```\(view == .tree ? "text" : "mermaid")\n\(drawn)```\n"
    }

    @Test func `the gallery shows what the views draw`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/gallery.md")
        if ProcessInfo.processInfo.environment["THROUGHLINE_GALLERY"] == "write" {
            try Data(text.utf8).write(to: page)
        }
        let written = try String(contentsOf: page, encoding: .utf8)
        #expect(
            written == text, "THROUGHLINE_GALLERY=write swift test --filter GalleryTests writes docs/gallery.md anew")
    }
}
