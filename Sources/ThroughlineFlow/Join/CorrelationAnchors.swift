/// Where only the correlation id joins a part of the flow to the rest, the first message of that part hangs from the
/// first message of all: the one whose own id is the correlation id, else the earliest.
struct CorrelationAnchors {
    private(set) var pairs: [CausationJoin.Cause] = []

    /// - Parameter parts: for each operation the part that it belongs to by anything stronger.
    init(_ flow: Range<Int>, _ join: MessageJoin, _ table: OperationTable, parts: [Int]) {
        var anchors: [Name: (message: Int, part: Int)] = [:]
        var firsts: [(correlation: Name, message: Int, part: Int)] = []
        var seen: Set<Int> = []
        var partsSeen: Set<Int> = []
        for position in flow where table.rows[position].correlationID.isPresent {
            let correlation = table.rows[position].correlationID
            for message in join.messages(of: position) where seen.insert(message).inserted {
                if anchors[correlation] == nil || join.messages.keys[message] == .named(correlation) {
                    anchors[correlation] = (message, parts[position])
                }
                if partsSeen.insert(parts[position]).inserted { firsts.append((correlation, message, parts[position])) }
            }
        }
        pairs = firsts.compactMap { first in
            guard let anchor = anchors[first.correlation], anchor.part != first.part else { return nil }
            return CausationJoin.Cause(cause: anchor.message, effect: first.message, evidence: .correlationID)
        }
    }
}
