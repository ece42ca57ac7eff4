import ThroughlineModel

/// Publications in causal order, and hops in the order of their publications.
struct PublicationOrder {
    private(set) var publications: [Publication] = []
    private(set) var messages: [Int] = []
    private(set) var senders: Lists
    private(set) var hops: [Hop] = []
    private(set) var publicationOfHop: [Int] = []
    private(set) var operations = Lists()

    /// A message stands somewhere after its causes did; it is set aside, replayed or routed after it was sent.
    init(_ join: HopJoin, _ messages: MessageOrder, count: Int) {
        let found = join.publications
        var starts: [UInt64] = Array(repeating: .max, count: found.publications.count)
        for (hop, publication) in join.publicationOfHop.enumerated() {
            if let start = join.hops[hop].start {
                starts[publication] = min(starts[publication], start.nanosecondsSinceEpoch)
            }
        }
        let times = found.publications.indices.map { number -> UInt64 in
            let publication = found.publications[number]
            if let began = publication.began { return began.nanosecondsSinceEpoch }
            return starts[number] < .max ? starts[number] : publication.sent?.nanosecondsSinceEpoch ?? .max
        }
        let order = CausalOrder.sorted(times: times, causes: Self.causes(found, messages, count: count))
        var places = Array(repeating: 0, count: order.count)
        publications.reserveCapacity(order.count)
        self.messages.reserveCapacity(order.count)
        for (place, number) in order.enumerated() {
            places[number] = place
            publications.append(found.publications[number])
            self.messages.append(messages.places[found.messages[number]])
        }
        senders = Lists(
            count: order.count, keys: found.sendings.publications.map { places[$0] },
            values: found.sendings.operations)
        sortHops(join, places)
    }

    private static func causes(_ found: PublicationJoin, _ messages: MessageOrder, count: Int) -> Lists {
        // By place of a message: the publications that its sender made.
        let own = found.publications.indices.filter { found.publications[$0].id.reason == .sent }
        let sent = Lists(count: count, keys: own.map { messages.places[found.messages[$0]] }, values: own)
        var causes = Lists()
        causes.reserveCapacity(found.publications.count)
        for (number, publication) in found.publications.enumerated() {
            let message = messages.places[found.messages[number]]
            if publication.id.reason == .sent {
                for cause in messages.causes[message] { for number in sent[cause] { causes.append(number) } }
            } else {
                for number in sent[message] { causes.append(number) }
            }
            causes.close()
        }
        return causes
    }

    private mutating func sortHops(_ join: HopJoin, _ places: [Int]) {
        let found = join.hops
        let placeOfHop = join.publicationOfHop.map { places[$0] }
        let starts = found.map { $0.attempts.first?.start.nanosecondsSinceEpoch ?? .max }
        let order = found.indices.sorted { left, right in
            if placeOfHop[left] != placeOfHop[right] { return placeOfHop[left] < placeOfHop[right] }
            if starts[left] != starts[right] { return starts[left] < starts[right] }
            let (leftConsumer, rightConsumer) = (found[left].consumer, found[right].consumer)
            if leftConsumer.service != rightConsumer.service { return leftConsumer.service < rightConsumer.service }
            return (leftConsumer.group ?? "") < (rightConsumer.group ?? "")
        }
        hops.reserveCapacity(order.count)
        publicationOfHop.reserveCapacity(order.count)
        operations.reserveCapacity(order.count)
        for number in order {
            hops.append(found[number])
            publicationOfHop.append(placeOfHop[number])
            for operation in join.operations[number] { operations.append(operation) }
            operations.close()
        }
    }
}
