import ThroughlineModel

/// Puts each flow's publications in causal order, and its hops in the order of their publications.
struct PublicationOrder: Sendable {
    /// By publication: the operations that sent it, in time order.
    private(set) var senders = Lists()

    private let table: OperationTable
    /// By message, as numbered by the join: the last of the publications that its sender made; -1 for none.
    private var lastSent: [Int] = []

    /// - Parameter operations: those of the flows that will be sorted.
    init(_ table: OperationTable, _ operations: Range<Int>) {
        self.table = table
        senders.reserveCapacity(operations.count / 2)
    }

    /// Sorts one flow; they come in order.
    ///
    /// - Parameters:
    ///   - publications: the numbers of the flow's publications.
    ///   - hops: the numbers of its hops.
    mutating func sort(_ join: inout HopJoin, publications: Range<Int>, hops: Range<Int>, _ messages: MessageOrder) {
        while lastSent.count < messages.messages.count { lastSent.append(-1) }
        for number in publications where join.publications.publications[number].reason == .sent {
            lastSent[join.publications.publications[number].message] = number
        }
        if !isInOrder(publications, hops, join, messages) { sort(publications, hops, &join, messages) }
        for number in publications {
            let message = join.publications.publications[number].message
            join.publications.publications[number].message = messages.places[message]
            listSenders(join.publications.publications[number], join)
        }
        sort(hops, &join)
    }

    /// A hop, and when it began.
    private typealias Begun = (hop: HopRow, start: UInt64)

    /// Loops and no closures, each of which would copy the whole join.
    private func sort(_ hops: Range<Int>, _ join: inout HopJoin) {
        var isSorted = true
        for hop in hops.dropFirst() where isSorted {
            let (left, right) = (join.hops[hop - 1], join.hops[hop])
            isSorted = !isBefore((right, join.start(of: right)), (left, join.start(of: left)))
        }
        if isSorted { return }
        var begun: [Begun] = []
        begun.reserveCapacity(hops.count)
        for hop in hops { begun.append((join.hops[hop], join.start(of: join.hops[hop]))) }
        begun.sort(by: isBefore)
        for (hop, row) in zip(hops, begun) { join.hops[hop] = row.hop }
    }

    /// A message stands somewhere after its causes did; it is set aside, replayed or routed after it was sent. That is
    /// mostly the order in which publications are found, and then there is nothing to sort.
    private func isInOrder(
        _ publications: Range<Int>, _ hops: Range<Int>, _ join: HopJoin, _ messages: MessageOrder
    ) -> Bool {
        var last: UInt64 = 0
        for number in publications {
            // What nobody is known to have sent has the time of its first delivery, which is worth looking for only
            // when sorting.
            guard let time = join.publications.publications[number].began?.nanosecondsSinceEpoch, time >= last else {
                return publications.count == 1
            }
            last = time
            let message = join.publications.publications[number].message
            guard join.publications.publications[number].reason == .sent else {
                if lastSent[message] >= number { return false }
                continue
            }
            for cause in messages.causes.places(of: messages.places[message]) {
                if lastSent[messages.numbers[messages.causes[at: cause]]] >= number { return false }
            }
        }
        return true
    }

    private func sort(
        _ publications: Range<Int>, _ hops: Range<Int>, _ join: inout HopJoin, _ messages: MessageOrder
    ) {
        let first = publications.lowerBound
        let found = Array(join.publications.publications[publications])
        let order = CausalOrder.sorted(
            times: times(found, from: first, hops, join), causes: Self.causes(found, messages))
        var places = Array(repeating: 0, count: order.count)
        for (place, number) in order.enumerated() {
            places[number] = first + place
            join.publications.publications[first + place] = found[number]
        }
        for hop in hops { join.hops[hop].publication = places[join.hops[hop].publication - first] }
    }

    /// When each publication came to be: sending began, else its first delivery did.
    private func times(_ found: [PublicationRow], from first: Int, _ hops: Range<Int>, _ join: HopJoin) -> [UInt64] {
        var starts = Array(repeating: UInt64.max, count: found.count)
        for hop in hops {
            let number = join.hops[hop].publication - first
            starts[number] = min(starts[number], join.start(of: join.hops[hop]))
        }
        return found.indices.map { number in
            if let began = found[number].began { return began.nanosecondsSinceEpoch }
            return starts[number] < .max ? starts[number] : found[number].sent?.nanosecondsSinceEpoch ?? .max
        }
    }

    private static func causes(_ found: [PublicationRow], _ messages: MessageOrder) -> Lists {
        // By place of a message: the publications that its sender made.
        var sent: [Int: [Int]] = [:]
        for number in found.indices where found[number].reason == .sent {
            sent[messages.places[found[number].message], default: []].append(number)
        }
        var causes = Lists()
        for publication in found {
            let message = messages.places[publication.message]
            if publication.reason == .sent {
                for cause in messages.causes[message] { for number in sent[cause] ?? [] { causes.append(number) } }
            } else {
                for number in sent[message] ?? [] { causes.append(number) }
            }
            causes.close()
        }
        return causes
    }

    private mutating func listSenders(_ publication: PublicationRow, _ join: HopJoin) {
        if publication.sendings.first == publication.sendings.last {
            if publication.sendings.first >= 0 {
                senders.append(join.publications.sendings[publication.sendings.first].operation)
            }
        } else {
            for operation in join.publications.senders(of: publication).sorted() { senders.append(operation) }
        }
        senders.close()
    }

    private func isBefore(_ left: Begun, _ right: Begun) -> Bool {
        if left.hop.publication != right.hop.publication { return left.hop.publication < right.hop.publication }
        if left.start != right.start { return left.start < right.start }
        if left.hop.service != right.hop.service {
            return table.names[left.hop.service] < table.names[right.hop.service]
        }
        return (table.names.text(left.hop.group) ?? "") < (table.names.text(right.hop.group) ?? "")
    }
}
