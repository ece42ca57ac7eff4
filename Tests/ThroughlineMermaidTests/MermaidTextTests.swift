import FlowFixtures
import Testing

@testable import ThroughlineMermaid

@Suite struct MermaidTextTests {
    @Test(arguments: [
        ("say \"hi\"", "say #quot;hi#quot;"),
        ("<b>&</b>", "#lt;b#gt;#amp;#lt;/b#gt;"),
        ("50%% done", "50#37;#37; done"),
        ("0.4 % ✗", "0.4 % ✗"),
        ("back\\slash", "back#92;slash"),
        ("a\nb\tc", "a b c"),
        ("#1", "#35;1"),
        ("`x`", "#96;x#96;"),
        ("1. first", "1#46; first"),
        ("mail.commands", "mail.commands"),
        ("emoji 🚀 ü", "emoji 🚀 ü"),
        ("", "?"),
    ])
    func `a label says what the text says`(text: String, label: String) {
        #expect(MermaidText.label(text) == label)
    }

    @Test func `a line of a sequence diagram cannot end before its end`() {
        #expect(MermaidText.line("a;b") == "a#59;b")
        #expect(!MermaidText.line("x\n  s_a-)s_b: forged").contains("\n"))
    }

    @Test func `a title is a quoted text of YAML`() {
        #expect(MermaidText.title("say \"hi\"\\\n---") == "say \\\"hi\\\"\\\\ ---")
    }

    @Test func `long names are shortened in the middle, and their end weighs more`() {
        let short = MermaidText.shortened("com.example.orders.fulfilment.v1.OrderPlacedEvent", to: 28)
        #expect(short.count == 28)
        #expect(short.hasSuffix("OrderPlacedEvent") && short.hasPrefix("com."))
        #expect(MermaidText.shortened("OrderPlaced", to: 28) == "OrderPlaced")
    }

    @Test func `ids are readable, carry their kind, and differ`() {
        var slugs = SlugAllocator()
        #expect(slugs.id("s", "orders") == "s_orders")
        #expect(slugs.id("t", "orders") == "t_orders")
        #expect(slugs.id("t", "Orders!") == "t_orders_2")
        #expect(slugs.id("t", "orders") == "t_orders")
        #expect(slugs.id("t", "orders 2") == "t_orders_2_2")
        #expect(slugs.id("s", "注文") == "s_x")
        #expect(slugs.id("s", "end") == "s_end")
    }

    @Test func `hostile names give as many ids as there are names`() {
        var slugs = SlugAllocator()
        let ids = GoldenFlow.hostileNames.map { slugs.id("s", $0) }
        #expect(Set(ids).count == Set(GoldenFlow.hostileNames).count)
        #expect(ids.allSatisfy { $0.wholeMatch(of: /s_[a-z0-9_]+/) != nil })
    }
}
