import Testing

@testable import ThroughlineFlow

@Suite("Lines that fit")
struct TextLineTests {
    private var line: TextLine {
        var line = TextLine()
        line.add("payment-service-of-the-shop", isName: true)
        line.add("  ")
        line.add("waited 26 ms", isOptional: true)
        line.add(" · took 80.25 ms", isOptional: true)
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
}
