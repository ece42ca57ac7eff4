/// What is folded, in words.
package enum FoldingText {
    /// Such as `… 12 more, with 40 messages, 3 ✗`.
    package static func more(_ rest: OutlineSelection.Rest) -> String {
        var text = "… \(grouped(rest.siblings)) more"
        if rest.messages > 0 { text += ", \(counted(rest.messages, "message"))" }
        if rest.failures > 0 { text += ", \(grouped(rest.failures)) ✗" }
        return text
    }

    /// What a view folds and leaves out; nil when it shows everything one by one.
    package static func of(_ selection: OutlineSelection) -> String? {
        let nodes = selection.folded.nodes
        let (all, shown) = (selection.folded.outline.nodes.count, selection.isShown.count(where: \.self))
        let alike = nodes.indices.reduce(0) { $0 + (selection.isShown[$1] ? nodes[$1].members.count - 1 : 0) }
        let left = all - shown - alike
        var parts: [String] = []
        if alike > 0 { parts.append("\(grouped(alike)) alike steps are folded into others, marked ×N") }
        if left > 0 { parts.append("\(grouped(left)) of \(grouped(all)) steps are left out") }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// `1 message`, `1,234 messages`.
    package static func counted(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// ` ×1,234`; nothing for a single one.
    package static func times(_ number: Int) -> String { number > 1 ? " ×\(grouped(number))" : "" }

    /// `1,234,567`.
    package static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
            place -= 3
        }
        return digits
    }
}
