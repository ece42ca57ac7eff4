import ThroughlineModel

/// A flow as a forest: what was published, who handled it, and what that led to. Every publication, hop and operation
/// stands in it once; a message that several messages caused stands under the first of them.
package struct Outline: Sendable {
    /// What a node is about, by its position in the flow.
    package enum Subject: Hashable, Sendable {
        case publication(Int)
        case hop(Int)
        /// One of several attempts of a hop.
        case attempt(hop: Int, number: Int)
        case operation(Int)
    }

    package struct Node: Sendable {
        package var subject: Subject
        package var parent: Int?
        package var children: [Int] = []
        /// True for a delivery whose handling is shown at another message of the same batch.
        package var isInBatchAbove = false
    }

    package let flow: Flow
    /// Parents stand before their children.
    package fileprivate(set) var nodes: [Node] = []
    package fileprivate(set) var roots: [Int] = []

    package init(_ flow: Flow) {
        self.flow = flow
        var builder = OutlineBuilder(flow)
        builder.build()
        (nodes, roots) = (builder.nodes, builder.roots)
    }
}

/// Finds each thing's place in the outline. It keeps its own stack, because a chain of causes may be as long as a flow.
private struct OutlineBuilder {
    private(set) var nodes: [Outline.Node] = []
    private(set) var roots: [Int] = []

    private enum Task {
        case operation(Int)
        case publication(Int)
        case hop(Int)
        /// What the message caused according to its ids alone; looked at after what spans lead to.
        case effects(Message.ID)
    }

    private let flow: Flow
    private var operations: [Operation.ID: Int] = [:]
    private var children: [Operation.ID: [Int]] = [:]
    private var sentBy: [Operation.ID: [Int]] = [:]
    private var publicationsOf: [Message.ID: [Int]] = [:]
    private var hopsOf: [Publication.ID: [Int]] = [:]
    private var effects: [Message.ID: [Message.ID]] = [:]
    /// By handler: what arrived there without anybody who sent it.
    private var unsent: [Operation.ID: [Int]] = [:]
    private var shownOperations: [Bool]
    private var shownPublications: [Bool]
    private var stack: [(task: Task, parent: Int?)] = []

    init(_ flow: Flow) {
        self.flow = flow
        shownOperations = Array(repeating: false, count: flow.operations.count)
        shownPublications = Array(repeating: false, count: flow.publications.count)
        for (place, operation) in flow.operations.enumerated() { operations[operation.id] = place }
        for (place, operation) in flow.operations.enumerated() {
            if let parent = operation.parentID, parent != operation.id, operations[parent] != nil {
                children[parent, default: []].append(place)
            }
        }
        for (place, publication) in flow.publications.enumerated() {
            for sender in publication.senders { sentBy[sender, default: []].append(place) }
            publicationsOf[publication.id.message, default: []].append(place)
        }
        for (place, hop) in flow.hops.enumerated() { hopsOf[hop.id.publication, default: []].append(place) }
        for (place, publication) in flow.publications.enumerated() where publication.missingSender != nil {
            for attempt in (hopsOf[publication.id] ?? []).flatMap({ flow.hops[$0].attempts }) {
                unsent[attempt.operation, default: []].append(place)
            }
        }
        for message in flow.messages {
            if let first = message.causes.first { effects[first, default: []].append(message.id) }
        }
    }

    /// Roots: operations without a parent here that no message led to; then messages whose sender is unknown; then
    /// whatever a circle kept from both.
    mutating func build() {
        let handling = Set(flow.hops.flatMap { $0.attempts.map(\.operation) })
        for (place, operation) in flow.operations.enumerated() where !handling.contains(operation.id) {
            let hasParent = operation.parentID.map { operations[$0] != nil } ?? false
            if !hasParent, !isCaused(operation), !isFrame(operation) { placeAll(.operation(place)) }
        }
        for (place, publication) in flow.publications.enumerated() where publication.missingSender != nil {
            let causes = flow.message(publication.id.message)?.causes ?? []
            if causes.allSatisfy({ flow.message($0)?.isRecorded != true }) { placeAll(.publication(place)) }
        }
        for place in flow.publications.indices { placeAll(.publication(place)) }
        for (place, operation) in flow.operations.enumerated() where !isFrame(operation) { placeAll(.operation(place)) }
    }

    /// Settling and pulling are told on the line of the delivery; what ran inside stands where they would.
    private func isFrame(_ operation: Operation) -> Bool {
        let kind = operation.messaging?.operation
        return kind == .settle || kind == .receive && operation.handles && !operation.failed
    }

    /// True when the message that it sends has a cause to stand under.
    private func isCaused(_ operation: Operation) -> Bool {
        let messages = (sentBy[operation.id] ?? []).map { flow.publications[$0].id.message }
        return messages.contains { flow.message($0)?.causes.contains { flow.message($0)?.isRecorded == true } ?? false }
    }

    private mutating func placeAll(_ root: Task) {
        stack = [(root, nil)]
        while let (task, parent) = stack.popLast() {
            switch task {
            case .operation(let place): add(operation: place, under: parent)
            case .publication(let place): add(publication: place, under: parent)
            case .hop(let place): add(hop: place, under: parent)
            case .effects(let message): addEffects(of: message, under: parent)
            }
        }
    }

    /// The first of the tasks is done next, with everything below it, then the second.
    private mutating func push(_ tasks: [Task], under parent: Int?) {
        for task in tasks.reversed() { stack.append((task, parent)) }
    }

    private func below(_ operation: Operation.ID) -> [Task] { (children[operation] ?? []).map { .operation($0) } }

    private mutating func append(_ subject: Outline.Subject, under parent: Int?) -> Int {
        let place = nodes.count
        nodes.append(Outline.Node(subject: subject, parent: parent))
        if let parent { nodes[parent].children.append(place) } else { roots.append(place) }
        return place
    }

    private mutating func add(operation place: Int, under parent: Int?) {
        if shownOperations[place] { return }
        let operation = flow.operations[place]
        if let unsent = unsent[operation.id], unsent.contains(where: { !shownPublications[$0] }) {
            // Nobody recorded who sent it: the message stands where its context came from.
            return push(unsent.map { .publication($0) }, under: parent)
        }
        shownOperations[place] = true
        if isFrame(operation) {
            push(below(operation.id), under: parent)
        } else if let publications = sentBy[operation.id], operation.publishes {
            // What runs inside a sender, or was published by it as a batch, stands beside what it sent.
            push(publications.map { .publication($0) } + below(operation.id), under: parent)
        } else {
            push(below(operation.id), under: append(.operation(place), under: parent))
        }
    }

    private mutating func add(publication place: Int, under parent: Int?) {
        if shownPublications[place] { return }
        shownPublications[place] = true
        let publication = flow.publications[place]
        for sender in publication.senders {
            if let known = operations[sender] { shownOperations[known] = true }
        }
        let node = append(.publication(place), under: parent)
        var tasks = (hopsOf[publication.id] ?? []).map(Task.hop)
        if case .sent = publication.id.reason {
            for other in publicationsOf[publication.id.message] ?? [] {
                if case .routed = flow.publications[other].id.reason { tasks.append(.publication(other)) }
            }
            tasks.append(.effects(publication.id.message))
        }
        push(tasks, under: node)
    }

    /// Effects that no span of a handler leads to, only the ids.
    private mutating func addEffects(of message: Message.ID, under parent: Int?) {
        let caused = (effects[message] ?? []).flatMap { publicationsOf[$0] ?? [] }
        push(caused.filter { !isReachedByParent(flow.publications[$0]) }.map { .publication($0) }, under: parent)
    }

    /// True when the sender hangs below some operation that will show it.
    private func isReachedByParent(_ publication: Publication) -> Bool {
        publication.senders.contains { sender in
            guard let place = operations[sender], let above = flow.operations[place].parentID else { return false }
            return operations[above] != nil && !shownOperations[place]
        }
    }

    private mutating func add(hop place: Int, under parent: Int?) {
        let hop = flow.hops[place]
        let node = append(.hop(place), under: parent)
        var tasks: [Task] = []
        for (number, attempt) in hop.attempts.enumerated() {
            guard let operation = operations[attempt.operation] else { continue }
            let isFirst = !shownOperations[operation]
            shownOperations[operation] = true
            let led = isFirst ? below(attempt.operation) : []
            if hop.attempts.count == 1 {
                nodes[node].isInBatchAbove = !isFirst && hop.batchSize > 1
                tasks = led
                continue
            }
            let tried = append(.attempt(hop: place, number: number), under: node)
            if number == hop.attempts.count - 1 { tasks = led } else { push(led, under: tried) }
        }
        // The last attempt is what the hop came to, so what it led to stands below the hop itself, and is placed first.
        push(tasks, under: node)
    }
}
