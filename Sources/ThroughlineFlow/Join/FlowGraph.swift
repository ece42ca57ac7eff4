import ThroughlineModel

/// One flow's parts by number, from 0, and which belong to which: what stories, gaps, clocks and paths are read from.
final class FlowGraph: Sendable {
    let index: OperationIndex
    let messages: [Message]
    let publications: [Publication]
    let hops: [Hop]
    /// By message: its causes, in causal order.
    let causes: Lists
    /// By publication: its message.
    let messageOfPublication: [Int]
    /// By message: its publications.
    let publicationsOfMessage: Lists
    /// By publication: the operations that sent it.
    let sendersOfPublication: Lists
    /// By operation: the publications that it sent.
    let publicationsOfSender: Lists
    /// By hop: its publication.
    let publicationOfHop: [Int]
    /// By publication: its hops.
    let hopsOfPublication: Lists
    /// By hop: the operations of its attempts.
    let operationsOfHop: Lists
    /// By operation: the hops that it is an attempt of.
    let hopsOfOperation: Lists
    /// The causes, each with its evidence.
    let causation: [CausationJoin.Cause]
    /// Messages that only a correlation id joins.
    let correlated: [CausationJoin.Cause]

    private let assembly: Assembly
    private let flow: Assembly.Extent

    init(_ assembly: Assembly, _ flow: Assembly.Extent, _ parts: FlowParts) {
        self.assembly = assembly
        self.flow = flow
        index = OperationIndex(assembly.table, flow)
        messages = parts.messages
        publications = parts.publications
        hops = parts.hops
        let first = (message: flow.messages.lowerBound, publication: flow.publications.lowerBound)
        causes = assembly.messages.causes.part(flow.messages, from: first.message)
        messageOfPublication = flow.publications.map {
            assembly.hops.publications.publications[$0].message - first.message
        }
        sendersOfPublication = assembly.senders.part(flow.publications, from: flow.operations.lowerBound)
        publicationOfHop = flow.hops.map { assembly.hops.hops[$0].publication - first.publication }
        var operations = Lists()
        operations.reserveCapacity(flow.hops.count)
        for hop in flow.hops {
            for attempt in assembly.hops.hops[hop].attempts.range {
                operations.append(assembly.hops.attempts[attempt].operation - flow.operations.lowerBound)
            }
            operations.close()
        }
        operationsOfHop = operations
        publicationsOfMessage = Lists(
            count: messages.count, keys: messageOfPublication, values: Array(publications.indices))
        hopsOfPublication = Lists(count: publications.count, keys: publicationOfHop, values: Array(hops.indices))
        publicationsOfSender = sendersOfPublication.inverse(count: index.count)
        hopsOfOperation = operationsOfHop.inverse(count: index.count)
        func placed(_ pair: CausationJoin.Cause) -> CausationJoin.Cause {
            CausationJoin.Cause(
                cause: assembly.messages.places[pair.cause] - first.message,
                effect: assembly.messages.places[pair.effect] - first.message, evidence: pair.evidence)
        }
        causation = assembly.causation.causes[flow.causes].map(placed)
        correlated = assembly.causation.correlated[flow.correlated].map(placed)
    }

    /// The first message of that name, its own or another that it goes by.
    func message(named text: String) -> Int? {
        index.table.names.all(text).compactMap { message(named: $0) }.min()
    }

    /// The message of that name, its own or another that it goes by.
    func message(named name: Name) -> Int? {
        guard let number = assembly.join.messages.find(name), flow.messages.contains(number) else { return nil }
        return assembly.messages.places[number] - flow.messages.lowerBound
    }

    /// A publication in numbers.
    func publicationRow(_ number: Int) -> PublicationRow {
        assembly.hops.publications.publications[flow.publications.lowerBound + number]
    }

    /// A message in numbers.
    func messageRow(_ number: Int) -> MessageRow { assembly.messages.messages[flow.messages.lowerBound + number] }

    /// A hop in numbers.
    func hopRow(_ number: Int) -> HopRow { assembly.hops.hops[flow.hops.lowerBound + number] }

    /// The part that an operation belongs to by anything stronger than a correlation id; the numbers mean nothing.
    func part(of position: Int) -> Int { assembly.parts[flow.operations.lowerBound + position] }

    /// The first of the messages that an operation handles.
    func messageHandled(by position: Int) -> Int? {
        let handled = assembly.join.handled(flow.operations.lowerBound + position)
        return handled.first.map {
            assembly.messages.places[assembly.join.handlings[$0].message] - flow.messages.lowerBound
        }
    }
}
