import ThroughlineFlow
import ThroughlineModel

/// Puts what happened in causal order, with blocks around what went on at the same time and around what became of some.
struct SequenceOrder {
    struct Event {
        var time: UInt64
        var lines: [SequenceDiagram.Line]
        /// The places of other events.
        var causes: [Int] = []
        /// What arrives, when something does.
        var publication: Publication.ID?
        /// The delivery that it belongs to, as the place of the event of its arrival.
        var delivery: Int?
        var branch: Int?
    }

    enum Token {
        case event(Int)
        case line(SequenceDiagram.Line)
    }

    private let events: [Event]
    private let branches: SequenceBranches
    private let fanOut: (Publication.ID, Int) -> String
    private(set) var tokens: [Token] = []

    /// Two arrows say it as well without a box around them.
    private static let leastParallel = 3

    /// - Parameter fanOut: what to call that many deliveries of one message.
    init(_ events: [Event], _ branches: SequenceBranches, fanOut: @escaping (Publication.ID, Int) -> String) {
        self.events = events
        self.branches = branches
        self.fanOut = fanOut
        add(within: nil)
    }

    /// An event, or a block with everything in it.
    private struct Item {
        var block: Int?
        var events: [Int]
        var publication: Publication.ID?
    }

    /// Where in a branch, or outside of all, an event stands: by itself or in a block.
    private func block(of event: Int, within branch: Int?) -> (isInside: Bool, block: Int?) {
        var current = events[event].branch
        var block: Int?
        while current != branch {
            guard let inner = current else { return (false, nil) }
            block = branches.branches[inner].block
            current = branches.blockParents[branches.branches[inner].block]
        }
        return (true, block)
    }

    private mutating func add(within branch: Int?) {
        var items: [Item] = []
        var itemOfBlock: [Int: Int] = [:]
        var itemOfEvent: [Int: Int] = [:]
        for event in events.indices {
            let (isInside, block) = block(of: event, within: branch)
            guard isInside else { continue }
            if let place = block.flatMap({ itemOfBlock[$0] }) {
                items[place].events.append(event)
                itemOfEvent[event] = place
                continue
            }
            if let block { itemOfBlock[block] = items.count }
            itemOfEvent[event] = items.count
            items.append(
                Item(block: block, events: [event], publication: block == nil ? events[event].publication : nil))
        }
        let causes = items.enumerated().map { place, item in
            item.events.flatMap { events[$0].causes }.compactMap { itemOfEvent[$0] }.filter { $0 != place }.uniqued()
        }
        let order = CausalOrder.sorted(
            times: items.map { $0.events.map { events[$0].time }.min() ?? 0 }, causes: causes)
        add(together(order.map { items[$0] }))
    }

    /// Deliveries that follow each other with nothing in between stand together by message. All deliveries of a message
    /// have the same causes, so none of them comes before its own.
    private func together(_ items: [Item]) -> [Item] {
        var result: [Item] = []
        var run: [Item] = []
        func flush() {
            let alike = Dictionary(grouping: run, by: \.publication)
            for publication in run.map(\.publication).uniqued() { result += alike[publication] ?? [] }
            run = []
        }
        for item in items {
            if item.publication == nil {
                flush()
                result.append(item)
            } else {
                run.append(item)
            }
        }
        flush()
        return result
    }

    private mutating func add(_ items: [Item]) {
        var place = 0
        while place < items.count {
            let item = items[place]
            var end = place + 1
            while end < items.count, let publication = item.publication, items[end].publication == publication {
                end += 1
            }
            if let block = item.block {
                addBlock(block)
            } else if end - place >= Self.leastParallel, let publication = item.publication {
                tokens.append(.line(.par(fanOut(publication, end - place))))
                for (number, part) in items[place..<end].enumerated() {
                    if number > 0 { tokens.append(.line(.and)) }
                    tokens += part.events.map(Token.event)
                }
                tokens.append(.line(.end))
            } else {
                tokens += items[place..<end].flatMap(\.events).map(Token.event)
            }
            place = end
        }
    }

    private mutating func addBlock(_ block: Int) {
        let members = branches.branches.indices.filter { branches.branches[$0].block == block }
        for (number, branch) in members.enumerated() {
            let label = branches.branches[branch].label
            tokens.append(.line(number == 0 ? .alt(label) : .otherwise(label)))
            add(within: branch)
        }
        tokens.append(.line(.end))
    }
}
