/// A JSON value to be written: members keep their order, so that output does not vary.
package indirect enum JSONValue {
    case object([(String, JSONValue)])
    case array([JSONValue])
    /// So many objects that have members, each made when it is written: a long list is never there as a whole.
    case objects(count: Int, at: (Int) -> JSONValue)
    case string(String)
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case null

    package static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// A list of objects that have members.
    package static func objects<Items: RandomAccessCollection>(
        _ items: Items, _ object: @escaping (Items.Element) -> JSONValue
    ) -> JSONValue {
        .objects(count: items.count) { object(items[items.index(items.startIndex, offsetBy: $0)]) }
    }

    /// The value as text. Arrays and objects of plain values stand on one line, others on a line for each member.
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// Writes the value as text, piece by piece.
    package func write(to output: inout some TextOutputStream) {
        write(to: &output, indent: 0)
    }

    private var isPlain: Bool {
        switch self {
        case .object(let members): members.isEmpty
        case .array(let elements): elements.isEmpty
        case .objects(let count, _): count == 0
        default: true
        }
    }

    private func write(to text: inout some TextOutputStream, indent: Int) {
        switch self {
        case .string(let value): Self.write(value, to: &text)
        case .integer(let value): text.write(String(value))
        case .number(let value): text.write(value.isFinite ? Self.number(value) : "null")
        case .bool(let value): text.write(value ? "true" : "false")
        case .null: text.write("null")
        case .array(let elements):
            Self.write(elements, ("[", "]"), isOneLine: elements.allSatisfy(\.isPlain), &text, indent) {
                element, text, indent in
                element.write(to: &text, indent: indent)
            }
        case .objects(let count, let object):
            Self.write(0..<count, ("[", "]"), isOneLine: count == 0, &text, indent) { place, text, indent in
                object(place).write(to: &text, indent: indent)
            }
        case .object(let members):
            let isOneLine = indent > 0 && members.allSatisfy { $0.1.isPlain }
            Self.write(members, ("{", "}"), isOneLine: isOneLine, &text, indent) { member, text, indent in
                Self.write(member.0, to: &text)
                text.write(": ")
                member.1.write(to: &text, indent: indent)
            }
        }
    }

    private static func write<Items: Collection, Output: TextOutputStream>(
        _ items: Items, _ brackets: (String, String), isOneLine: Bool, _ text: inout Output, _ indent: Int,
        item: (Items.Element, inout Output, Int) -> Void
    ) {
        text.write(brackets.0)
        let separator = isOneLine ? ", " : ",\n" + String(repeating: " ", count: (indent + 1) * 2)
        var isFirst = true
        for element in items {
            text.write(isFirst ? String(separator.dropFirst(isOneLine ? 2 : 1)) : separator)
            isFirst = false
            item(element, &text, indent + 1)
        }
        if !isOneLine, !isFirst { text.write("\n" + String(repeating: " ", count: indent * 2)) }
        text.write(brackets.1)
    }

    /// Whole numbers without a fraction.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? String(Int(value)) : String(value)
    }

    /// RFC 8259, section 7: quotes, backslashes and control characters are escaped.
    private static func write(_ value: String, to text: inout some TextOutputStream) {
        text.write("\"")
        let isClean = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }
        text.write(isClean ? value : escaped(value))
        text.write("\"")
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
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
        return text
    }
}
