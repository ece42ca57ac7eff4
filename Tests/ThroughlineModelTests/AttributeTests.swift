import Testing
import ThroughlineModel

@Suite("Attributes")
struct AttributeTests {
    @Test("Setting appends, replaces in place, and removes")
    func set() {
        var attributes: Attributes = ["b": 1, "a": 2]
        attributes["c"] = 3
        attributes["a"] = "two"
        #expect(attributes.map(\.key) == ["b", "a", "c"])
        #expect(attributes["a"] == "two")
        attributes["b"] = nil
        attributes["none"] = nil
        #expect(attributes.map(\.key) == ["a", "c"])
        #expect(attributes["b"] == nil)
        attributes["b"] = 4
        #expect(attributes.map(\.key) == ["a", "c", "b"])
        #expect(attributes.sortedByKey.map(\.key) == ["a", "b", "c"])
        #expect(attributes[1] == .init(key: "c", value: 3))
    }

    @Test("A literal that has a key twice keeps the last value")
    func doubledLiteral() {
        let attributes: Attributes = ["a": 1, "b": 2, "a": 3]
        #expect(attributes == ["a": 3, "b": 2])
        #expect(attributes.count == 2)
    }

    @Test("Order does not matter for equality and hashing; keys, values and types do")
    func equality() {
        let attributes: Attributes = ["a": 1, "b": ["x", 2]]
        let turned: Attributes = ["b": ["x", 2], "a": 1]
        #expect(attributes == turned)
        #expect(attributes.hashValue == turned.hashValue)
        for other in [
            [:], ["a": 1], ["a": 1, "b": ["x", 2], "c": 3], ["a": 1, "b": [2, "x"]], ["a": 1.0, "b": ["x", 2]],
            ["a": "1", "b": ["x", 2]], ["a": 1, "c": ["x", 2]],
        ] as [Attributes] {
            #expect(attributes != other)
            #expect(other != attributes)
        }
    }

    @Test("Attributes that are known to be new go in as they are")
    func unique() {
        var attributes = Attributes(uniqueElements: [.init(key: "a", value: 1)])
        attributes.reserveCapacity(10)
        attributes.appendUnique("b", 2)
        #expect(attributes == ["b": 2, "a": 1])
    }

    @Test(
        "A value gives its content as its own type and as no other",
        arguments: [
            "text", true, false, 42, -1.5, .bytes([0, 255]), ["a", "b"], [1, "a"], [], .map(["k": 1]),
        ] as [AttributeValue])
    func content(value: AttributeValue) {
        switch value {
        case .string(let content): #expect(value.stringValue == content)
        case .bool(let content): #expect(value.boolValue == content)
        case .int(let content): #expect(value.intValue == content)
        default: break
        }
        let given = [value.stringValue != nil, value.boolValue != nil, value.intValue != nil]
        #expect(given.count { $0 } <= 1)
        #expect((value.stringArrayValue != nil) == [["a", "b"], []].contains(value))
    }

    @Test("Literals have the type that they look like")
    func literals() {
        #expect("a\(1)" as AttributeValue == .string("a1"))
        #expect(1 as AttributeValue == .int(1))
        #expect(1.0 as AttributeValue == .double(1))
        #expect(true as AttributeValue == .bool(true))
        #expect(["a", 1] as AttributeValue == .array([.string("a"), .int(1)]))
        #expect(AttributeValue.int(1) != .double(1) && .string("1") != AttributeValue.bytes([0x31]))
    }

    @Test("A list of texts is one only when all of them are")
    func texts() {
        #expect((["a", "b"] as AttributeValue).stringArrayValue == ["a", "b"])
        #expect((["a", 1] as AttributeValue).stringArrayValue == nil)
        #expect(("a" as AttributeValue).stringArrayValue == nil)
    }
}
