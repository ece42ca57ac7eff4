import ThroughlineModel

/// Spans that name one message id and that something stronger than the id joins: they mean one message.
struct NamesakeParty {
    /// Where a span names the id.
    enum Mention {
        case own(row: Int)
        case member(Int, row: Int)
        case cause(Int, row: Int)

        var row: Int {
            switch self {
            case .own(let row), .member(_, let row), .cause(_, let row): row
            }
        }
    }

    /// What parties may have in common that mean one message.
    enum Trait: Hashable {
        /// A service that sent the message.
        case sender(Name)
        /// Where the message stood; see ``DestinationStem``.
        case place(String)
        /// A service that had to do with the message.
        case service(Name)
        case correlation(Name)
    }

    /// How sure it is which message is meant, surest first.
    enum Kind: Int, CaseIterable {
        /// It was sent, and the spans say by what broker and where.
        case sent
        /// It was sent, and the spans do not say everything.
        case sentSomewhere
        /// It was sent once more: to be tried again, set aside, replayed, or from an outbox.
        case sentOn
        /// It was handled.
        case handled
        /// It was handled, and the spans do not say by what broker.
        case handledSomewhere
        /// It is named as a cause and nothing else.
        case cause
    }

    private(set) var mentions: [Mention] = []
    private(set) var systems: Set<Name> = []
    private(set) var places: Set<Trait> = []
    /// Places that a broker may have routed the message from, by the name of where it arrived.
    private(set) var exchanges: Set<Trait> = []
    private(set) var senders: Set<Trait> = []
    /// The services that gave the message up, as the senders that they may be for that.
    private(set) var givingUp: Set<Trait> = []
    /// What proves nothing and still tells two messages apart.
    private(set) var surroundings: Set<Trait> = []
    private var isRecorded = false
    private var isSent = false
    private var isSentOn = false
    private var isSentSomewhere = false

    var kind: Kind {
        if isSent { return isSentSomewhere || systems.isEmpty ? .sentSomewhere : .sent }
        if isSentOn { return .sentOn }
        return !isRecorded ? .cause : systems.isEmpty ? .handledSomewhere : .handled
    }

    /// It sent the message, at first or on.
    var isSender: Bool { isSent || isSentOn }

    /// It says where it sent the message, so that being alone with another sender of the id proves nothing.
    var saysWhereItSent: Bool { isSent && !isSentSomewhere }

    mutating func add(_ mention: Mention, _ unique: UniqueRows) {
        mentions.append(mention)
        let row = unique.rows[mention.row]
        surroundings.insert(.service(row.service))
        if row.correlationID.isPresent { surroundings.insert(.correlation(row.correlationID)) }
        if case .cause = mention { return }
        isRecorded = true
        if row.system.isPresent { systems.insert(row.system) }
        let destination = unique.columns.names.text(row.destination)
        let stem = destination.flatMap(DestinationStem.of)
        if let stem { places.insert(.place(stem)) }
        guard row.publishes else { return addHandling(row, destination) }
        senders.insert(.sender(row.service))
        guard row.marks.isDisjoint(with: Self.marksOfSendingOn), destination == nil || stem != nil else {
            isSentOn = true
            let origin = unique.records[Int(row.record)].attributes[ThroughlineAttribute.deadLetterOrigin]
            if let stem = origin?.stringValue.flatMap(DestinationStem.of) { places.insert(.place(stem)) }
            return
        }
        isSent = true
        if destination == nil { isSentSomewhere = true }
    }

    private mutating func addHandling(_ row: OperationRow, _ destination: String?) {
        if row.failed || row.settlement == .rejected || row.settlement == .deadLettered {
            givingUp.insert(.sender(row.service))
        }
        var rest = destination?[...]
        while let name = rest, let colon = name.lastIndex(of: ":") {
            rest = name[..<colon]
            if let stem = DestinationStem.of(String(name[..<colon])) { exchanges.insert(.place(stem)) }
        }
    }

    private static let marksOfSendingOn: OperationMarks = [
        .deadLetter, .deadLetterLink, .replay, .replayLink, .retryLink, .outbox,
    ]
}
