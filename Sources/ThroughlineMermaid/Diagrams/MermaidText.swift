import ThroughlineFlow

/// Makes any text safe inside a Mermaid diagram, without changing what a reader sees.
///
/// Every rule was proven in a browser with Mermaid 11: quotes end a label, `<b>` renders bold even under strict
/// security, `%%` starts a comment, `$$` starts a formula, backticks start Markdown, `fa:fa-` draws an icon, and `;`
/// ends a line of a sequence diagram.
enum MermaidText {
    /// A quoted label of a flowchart, without the quotes.
    static func label(_ text: String) -> String {
        escaped(LineBreaks.bound(plain(text)), alsoReserved: [])
    }

    /// The text of a sequence diagram's participant, message or note.
    static func line(_ text: String) -> String {
        escaped(plain(text), alsoReserved: [";", ":", ",", "+", "-", "{", "}", "(", ")", "[", "]", "=", "@", "%"])
    }

    /// The text of a gantt chart's section or task: it ends at a colon, and a number sign or semicolon starts a comment.
    static func item(_ text: String) -> String {
        let text = plain(text)
        let escaped = escaped(text, alsoReserved: [";", ":"], everywhere: true)
        guard let first = text.unicodeScalars.first, escaped.unicodeScalars.first == first else { return escaped }
        let word = text.lowercased()
        let isKeyword = ganttWords.contains { word.hasPrefix($0) } || ("0"..."9").contains(first)
        return isKeyword ? "#\(first.value);" + escaped.dropFirst() : escaped
    }

    /// The text of a state, a transition or a note of a state diagram.
    static func state(_ text: String) -> String {
        escaped(
            LineBreaks.bound(plain(text)), alsoReserved: [";", ":", "{", "}", "[", "]", "@", "%", "=", "|"],
            everywhere: true)
    }

    /// What a line of a gantt chart may begin with, whatever stands after it.
    private static let ganttWords = [
        "acc", "axisformat", "call", "click", "dateformat", "excludes", "friday", "gantt", "href", "includes",
        "inclusiveenddates", "monday", "saturday", "section", "sunday", "thursday", "tickinterval", "title",
        "todaymarker", "topaxis", "tuesday", "wednesday", "weekday", "weekend",
    ]

    /// A quoted title in a diagram's front matter (YAML), without the quotes.
    static func title(_ text: String) -> String {
        var result = ""
        for scalar in titled(text).unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// A title as it is shown. Mermaid takes markup out of titles and shows entities as they are written, so look-alikes
    /// stand for these three: angle quotation marks, which every font has, and the full-width ampersand.
    static func titled(_ text: String) -> String {
        plain(text).replacing("<", with: "\u{2039}").replacing(">", with: "\u{203A}").replacing("&", with: "\u{FF06}")
    }

    /// One line of visible text: line ends and tabs are spaces, runs of spaces are one, and characters that show
    /// nothing or turn the direction of writing are left out. What is left of nothing is `?`.
    static func plain(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isSpace(scalar) {
                if let last = result.last, last != " " { result.append(" ") }
            } else if !isInvisible(scalar) {
                result.append(scalar)
            }
        }
        if result.last == " " { result.removeLast() }
        return result.isEmpty ? "?" : String(result)
    }

    /// The text with at most that many characters; what is left out of the middle shows as `…`. The end weighs more
    /// than the start, because names grow on the left: `com.example.orders.OrderPlaced`.
    static func shortened(_ text: String, to limit: Int) -> String {
        OneLine.shortened(plain(text), to: limit)
    }

    /// Some rules are applied after Mermaid has put the escaped characters back: `$$`, `\n` and `fa:fa-` need something
    /// between their parts. A word joiner shows nothing.
    static let breaker: Unicode.Scalar = "\u{2060}"

    /// A label that a person wrote may start like a Markdown list, which Mermaid refuses to draw.
    private static func escaped(
        _ text: String, alsoReserved reserved: Set<Unicode.Scalar>, everywhere: Bool = false
    ) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (place, scalar) in scalars.enumerated() {
            let next = place + 1 < scalars.count ? scalars[place + 1] : " "
            let previous = place > 0 ? scalars[place - 1] : " "
            switch scalar {
            case "\"": result += "#quot;"
            case "<": result += "#lt;"
            case ">": result += "#gt;"
            case "&": result += "#amp;"
            case "\\" where next == "n", "$" where next == "$": result += "#\(scalar.value);\(breaker)"
            case "#", "\\", "`", "$", "*", "~": result += "#\(scalar.value);"
            case "%" where next == "%" || previous == "%" || next == "{": result += "#37;"
            case "_" where everywhere || place == 0 || place == scalars.count - 1 || next == "_" || previous == "_":
                result += "#95;"
            case ":" where everywhere: result += "#58;"
            case ":" where next == "f": result += ":\(breaker)"
            case ":" where next == "/": result += "#58;"
            case "-" where place == 0 || next == "-" || next == ">": result += "#45;"
            case "+" where place == 0: result += "#43;"
            case "." where place > 0 && next == " " && ("0"..."9").contains(previous): result += "#46;"
            case ")" where place > 0 && next == " " && ("0"..."9").contains(previous): result += "#41;"
            case "=" where place == 0 || next == "=": result += "#61;"
            default:
                if reserved.contains(scalar), everywhere || scalar == ";" || place == 0 {
                    result += "#\(scalar.value);"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.value < 0x20
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F...0x9F, 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xE000...0xF8FF: true
        default: false
        }
    }
}
