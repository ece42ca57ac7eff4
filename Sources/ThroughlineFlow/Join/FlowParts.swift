import ThroughlineModel

/// The parts of one flow as values, made of the numbers of the assembly.
struct FlowParts: Sendable {
    let messages: [Message]
    let publications: [Publication]
    let hops: [Hop]

    init(_ assembly: Assembly, _ flow: Assembly.Extent, _ knowledge: FlowKnowledge) {
        messages = flow.messages.map { Message(assembly, $0) }
        var publications = flow.publications.map { Publication(assembly, $0) }
        Self.explain(&publications, assembly, flow, knowledge)
        self.publications = publications
        hops = flow.hops.map { hop in
            let publication = assembly.hops.hops[hop].publication - flow.publications.lowerBound
            return Hop(assembly, hop, publications[publication].id)
        }
    }

    /// Says of each sending that no span shows why there is none.
    private static func explain(
        _ publications: inout [Publication], _ assembly: Assembly, _ flow: Assembly.Extent, _ knowledge: FlowKnowledge
    ) {
        var reasons: ReasonFinder?
        for hop in flow.hops {
            let row = assembly.hops.hops[hop]
            let number = row.publication - flow.publications.lowerBound
            guard publications[number].senders.isEmpty, publications[number].id.reason == .sent,
                publications[number].missingSender == nil, !row.attempts.isEmpty
            else { continue }
            let finder =
                reasons
                ?? ReasonFinder(
                    OperationIndex(assembly.table, flow), knowledge, hubTraces: assembly.hubTraces)
            reasons = finder
            let witness = assembly.hops.attempts[Int(row.attempts.start)].operation - flow.operations.lowerBound
            publications[number].missingSender =
                finder.sender(of: witness, message: publications[number].id.message).reason
        }
    }
}

extension Message {
    fileprivate init(_ assembly: Assembly, _ place: Int) {
        let row = assembly.messages.messages[place]
        let names = assembly.table.names
        self.init(id: assembly.table.id(row.key), isRecorded: row.isRecorded)
        type = names.text(row.type)
        intent = row.intent
        count = row.count
        correlationID = names.text(row.correlationID)
        for cause in assembly.messages.causes.places(of: place) {
            let cause = assembly.messages.causes[at: cause]
            causes.append(assembly.table.id(assembly.messages.messages[cause].key))
        }
    }
}

extension Publication {
    fileprivate init(_ assembly: Assembly, _ place: Int) {
        let row = assembly.hops.publications.publications[place]
        let table = assembly.table
        let reason: Reason =
            switch row.reason {
            case .sent: .sent
            case .deadLettered: .deadLettered
            case .replayed: .replayed
            case .routed(let origin): .routed(from: table.names.text(origin) ?? "")
            }
        self.init(
            id: ID(
                message: table.id(assembly.messages.messages[row.message].key),
                destination: table.names.text(row.destination) ?? "", reason: reason))
        system = table.names.text(row.system)
        began = row.began
        sent = row.sent
        appended = row.appended
        dwellTime = row.dwellTime
        due = row.due
        let sendings = assembly.senders.places(of: place)
        senders.reserveCapacity(sendings.count)
        for sending in sendings { senders.append(table.rows[assembly.senders[at: sending]].id) }
        if sendings.count == 1 {
            services = [table.names[table.rows[assembly.senders[at: sendings.lowerBound]].service]]
        } else {
            services = assembly.hops.publications.senders(of: row).map { table.rows[$0].service }.uniqued()
                .map { table.names[$0] }
        }
    }
}

extension Hop {
    fileprivate init(_ assembly: Assembly, _ number: Int, _ publication: Publication.ID) {
        let row = assembly.hops.hops[number]
        let names = assembly.table.names
        let consumer = Consumer(service: names[row.service], group: names.text(row.group))
        self.init(
            id: ID(publication: publication, consumer: consumer, isReplay: row.isReplay), evidence: row.evidence)
        attempts.reserveCapacity(Int(row.attempts.count))
        for place in row.attempts.range {
            attempts.append(Attempt(assembly.hops.attempts[place], assembly.table))
        }
    }
}

extension Attempt {
    fileprivate init(_ row: AttemptRow, _ table: OperationTable) {
        let operation = table.rows[row.operation]
        self.init(
            operation: operation.id, number: row.number, waited: row.waited, start: operation.start,
            end: operation.end, settlement: row.settlement,
            error: operation.failed ? Operation(OperationReading(table: table, position: row.operation)).error : nil,
            batchSize: row.batchSize, isDuplicate: row.isDuplicate)
    }
}
