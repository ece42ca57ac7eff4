import Testing

@testable import ThroughlineFlow

@Suite("Lines that fit")
struct TextLineTests {
    private var line: TextLine {
        var line = TextLine()
        line.add("payment-service-of-the-shop", isName: true)
        line.add("  ")
        line.add("waited 26 ms", detail: .least)
        line.add(" · took 80.25 ms", detail: .least)
        line.add(" ")
        line.add("✗")
        return line
    }

    @Test("shorten names first, then leave out what matters least, and then names have their room back")
    func fitting() {
        let expected = [
            59: "payment-service-of-the-shop  waited 26 ms · took 80.25 ms ✗",
            58: "paymen…e-of-the-shop  waited 26 ms · took 80.25 ms ✗",
            46: "paym…-the-shop  waited 26 ms · took 80.25 ms ✗",
            45: "payment-service-of-the-shop  waited 26 ms ✗", 36: "paymen…e-of-the-shop  waited 26 ms ✗",
            29: "payment-service-of-the-shop ✗", 16: "paym…-the-shop ✗",
        ]
        for (columns, text) in expected { #expect(line.text(columns: columns, isColoured: false) == text) }
    }

    @Test("and what tells more only where names that are shorter still do not help")
    func details() {
        var line = TextLine()
        line.add("payment-service-of-the-shop", isName: true)
        line.add(" attempt 2", detail: .more)
        line.add(" took 9 ms", detail: .least)
        line.add(" ✗")
        let expected = [
            26: "paym…-the-shop attempt 2 ✗", 24: "pay…the-shop attempt 2 ✗",
            23: "paymen…e-of-the-shop ✗", 16: "paym…-the-shop ✗", 12: "pay…e-shop ✗", 6: "p…op ✗", 5: "p…op…",
        ]
        for (columns, text) in expected {
            #expect(line.text(columns: columns, isColoured: false) == text)
        }
    }

    @Test("Columns begin at their stops as far as there is room")
    func stops() {
        var line = TextLine()
        line.add("stock")
        line.tab(to: 10)
        line.add(" OrderPlaced")
        for (columns, text) in [nil: "stock      OrderPlaced", 19: "stock   OrderPlaced", 17: "stock OrderPlaced"] {
            #expect(line.text(columns: columns, isColoured: false) == text)
        }
    }

    @Test("Names of wide characters count as wide as a terminal shows them")
    func wide() {
        var line = TextLine()
        line.add(String(repeating: "注文", count: 4_000), isName: true)
        line.add(" ✓")
        let text = line.text(columns: 30, isColoured: false)
        #expect(OneLine.columns(text) <= 30 && text.hasPrefix("注文") && text.hasSuffix("注文 ✓"))
    }
}
