/// A JSON value to be written: members keep their order, so that output does not vary.
package indirect enum JSONValue {
    case object([(String, JSONValue)])
    case array([JSONValue])
    case string(String)
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case null

    package static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// The value as text. Arrays and objects of plain values stand on one line, others on a line for each member.
    package var text: String {
        var text = ""
        write(to: &text, indent: 0)
        return text
    }

    private var isPlain: Bool {
        switch self {
        case .object(let members): members.isEmpty
        case .array(let elements): elements.isEmpty
        default: true
        }
    }

    private func write(to text: inout String, indent: Int) {
        switch self {
        case .string(let value): Self.write(value, to: &text)
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? Self.number(value) : "null"
        case .bool(let value): text += value ? "true" : "false"
        case .null: text += "null"
        case .array(let elements):
            Self.write(elements, ("[", "]"), isOneLine: elements.allSatisfy(\.isPlain), &text, indent) {
                element, text, indent in
                element.write(to: &text, indent: indent)
            }
        case .object(let members):
            let isOneLine = indent > 0 && members.allSatisfy { $0.1.isPlain }
            Self.write(members, ("{", "}"), isOneLine: isOneLine, &text, indent) { member, text, indent in
                Self.write(member.0, to: &text)
                text += ": "
                member.1.write(to: &text, indent: indent)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], _ brackets: (String, String), isOneLine: Bool, _ text: inout String, _ indent: Int,
        item: (Item, inout String, Int) -> Void
    ) {
        text += brackets.0
        for (place, element) in items.enumerated() {
            if place > 0 { text += isOneLine ? ", " : "," }
            if !isOneLine { text += "\n" + String(repeating: " ", count: (indent + 1) * 2) }
            item(element, &text, indent + 1)
        }
        if !isOneLine, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent * 2) }
        text += brackets.1
    }

    /// Whole numbers without a fraction.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? String(Int(value)) : String(value)
    }

    /// RFC 8259, section 7: quotes, backslashes and control characters are escaped.
    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
