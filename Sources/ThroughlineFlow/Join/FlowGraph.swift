import ThroughlineModel

/// One flow put together: its parts by number, and which belong to which.
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
    /// The relations between messages, by the numbers of the join.
    let causation: CausationJoin
    /// By number of the join: the number of the message here.
    let messageOfJoin: [Int]
    let join: MessageJoin
    let conflicts: [Conflict]

    init(_ index: OperationIndex, parts: [Int], conflicts known: [Conflict], _ knowledge: FlowKnowledge) {
        let join = MessageJoin(index)
        let hopJoin = HopJoin(index, join)
        let causation = CausationJoin(index, join, parts: parts)
        let messages = MessageOrder(index, join, causation)
        let publications = PublicationOrder(hopJoin, messages, count: causation.messages.count)
        self.index = index
        self.join = join
        self.causation = causation
        self.messages = messages.messages
        messageOfJoin = messages.places
        causes = messages.causes
        self.publications = Self.withReasons(publications, index, knowledge)
        messageOfPublication = publications.messages
        sendersOfPublication = publications.senders
        hops = publications.hops
        publicationOfHop = publications.publicationOfHop
        operationsOfHop = publications.operations
        publicationsOfMessage = Lists(
            count: messages.messages.count, keys: messageOfPublication,
            values: Array(publications.publications.indices))
        hopsOfPublication = Lists(
            count: publications.publications.count, keys: publicationOfHop, values: Array(hops.indices))
        publicationsOfSender = sendersOfPublication.inverse(count: index.count)
        hopsOfOperation = operationsOfHop.inverse(count: index.count)
        conflicts = known + join.conflicts + causation.conflicts + messages.conflicts
    }

    /// Says of each sending that no span shows why there is none.
    private static func withReasons(
        _ order: PublicationOrder, _ index: OperationIndex, _ knowledge: FlowKnowledge
    ) -> [Publication] {
        var publications = order.publications
        var reasons: ReasonFinder?
        for (hop, number) in order.publicationOfHop.enumerated()
        where order.senders[number].isEmpty && publications[number].id.reason == .sent {
            guard publications[number].missingSender == nil, let witness = order.operations[hop].first else { continue }
            let finder = reasons ?? ReasonFinder(index, knowledge)
            reasons = finder
            publications[number].missingSender =
                finder.sender(of: witness, message: publications[number].id.message).reason
        }
        return publications
    }
}
