import ThroughlineModel

/// One message, in numbers; see ``Message``.
struct MessageRow: Sendable {
    var key: MessageKey
    var type: Name = .absent
    var correlationID: Name = .absent
    var intent: MessageIntent?
    var isRecorded = false
    /// How many messages it stands for.
    @Narrow var count = 1
    /// When the first span about it began; the latest time of all while none has been seen.
    var time = UInt64.max
}

/// The messages, each flow's in causal order, with what their spans say about them.
struct MessageOrder: Sendable {
    private(set) var messages: [MessageRow] = []
    /// By number of the join: the place here.
    private(set) var places: [Int] = []
    /// By place: the number of the join.
    private(set) var numbers: [Int] = []
    /// By place: the causes, in causal order.
    private(set) var causes = Lists()
    /// Messages about which their spans disagree.
    private(set) var conflicts: [Conflict] = []

    private let table: OperationTable

    /// - Parameter operations: those of the flows that will be sorted.
    init(_ table: OperationTable, _ operations: Range<Int>) {
        self.table = table
        messages.reserveCapacity(operations.count / 2)
        places.reserveCapacity(operations.count / 2)
        numbers.reserveCapacity(operations.count / 2)
        causes.reserveCapacity(operations.count / 2)
    }

    /// Sorts the messages of one flow; they come in order.
    ///
    /// - Parameter pairs: the flow's causes, and its correlated messages.
    mutating func sort(
        _ flow: Range<Int>, _ join: MessageJoin,
        _ pairs: (causes: ArraySlice<CausationJoin.Cause>, correlated: ArraySlice<CausationJoin.Cause>)
    ) {
        let first = messages.count
        for number in first..<join.messages.count { messages.append(MessageRow(key: join.messages.keys[number])) }
        for position in flow where table.rows[position].isMessaging { describe(position, join) }
        for pair in pairs.causes where messages[pair.cause].time == .max {
            messages[pair.cause].time = messages[pair.effect].time
        }
        let own = first..<messages.count
        for number in own {
            places.append(number)
            numbers.append(number)
        }
        if !isInOrder(own, pairs.causes) || !isInOrder(own, pairs.correlated) {
            sort(own, pairs.causes + pairs.correlated)
        }
        listCauses(own, pairs.causes)
    }

    /// Messages are found in the order of time, and clocks mostly agree with causes: then there is nothing to sort.
    private func isInOrder(_ own: Range<Int>, _ pairs: ArraySlice<CausationJoin.Cause>) -> Bool {
        var last: UInt64 = 0
        for number in own {
            if messages[number].time < last { return false }
            last = messages[number].time
        }
        return pairs.allSatisfy { $0.cause < $0.effect }
    }

    private mutating func sort(_ own: Range<Int>, _ pairs: ArraySlice<CausationJoin.Cause>) {
        let first = own.lowerBound
        let causes = Lists(
            count: own.count, keys: pairs.map { $0.effect - first }, values: pairs.map { $0.cause - first })
        let found = Array(messages[own])
        let order = CausalOrder.sorted(times: found.map(\.time), causes: causes)
        for (place, number) in order.enumerated() {
            messages[first + place] = found[number]
            places[first + number] = first + place
            numbers[first + place] = first + number
        }
    }

    private mutating func listCauses(_ own: Range<Int>, _ pairs: ArraySlice<CausationJoin.Cause>) {
        // Causes are mostly found in the order of what they caused, one for each.
        var last = own.lowerBound - 1
        let isPlain = pairs.allSatisfy { pair in
            defer { last = max(last, places[pair.effect]) }
            return places[pair.effect] > last
        }
        guard isPlain else {
            let first = own.lowerBound
            let sorted = Lists(
                count: own.count, keys: pairs.map { places[$0.effect] - first }, values: pairs.map { places[$0.cause] })
            for place in 0..<own.count {
                for cause in sorted[place].sorted() { causes.append(cause) }
                causes.close()
            }
            return
        }
        var next = pairs.startIndex
        for place in own {
            if next < pairs.endIndex, places[pairs[next].effect] == place {
                causes.append(places[pairs[next].cause])
                next += 1
            }
            causes.close()
        }
    }

    /// The first span that says something counts; senders began before their handlers.
    private mutating func describe(_ position: Int, _ join: MessageJoin) {
        let members = table.rows[position].members
        for (ordinal, place) in join.published.places(of: position).enumerated() {
            let message = join.published[at: place]
            var member: Int?
            if !members.isEmpty, case .named(let name) = messages[message].key {
                member = self.member(name, members.range, expected: ordinal)
            }
            describe(message, position, member)
        }
        for place in join.handled(position) {
            describe(join.handlings[place].message, position, join.handlings[place].member)
            if join.isUnnamedBatch(join.handlings[place]) {
                messages[join.handlings[place].message].count = join.handlings[place].batchSize
            }
        }
    }

    /// The link that describes a message: mostly messages were found in the order of the links.
    private func member(_ name: Name, _ members: Range<Int>, expected ordinal: Int) -> Int? {
        let expected = members.lowerBound + ordinal
        if expected < members.upperBound, table.members[expected].messageID == name { return expected }
        return members.first { table.members[$0].messageID == name }
    }

    private mutating func describe(_ message: Int, _ position: Int, _ member: Int?) {
        let row = table.rows[position]
        var (type, correlation, intent) = (row.type, row.correlationID, row.intent)
        if let member {
            if table.members[member].type.isPresent { type = table.members[member].type }
            if table.members[member].correlationID.isPresent { correlation = table.members[member].correlationID }
            intent = table.members[member].intent ?? intent
        }
        messages[message].isRecorded = true
        messages[message].time = min(messages[message].time, row.start.nanosecondsSinceEpoch)
        if messages[message].intent == nil { messages[message].intent = intent }
        if type.isPresent, messages[message].type != type {
            if messages[message].type.isPresent {
                report(.type, message, messages[message].type, type)
            } else {
                messages[message].type = type
            }
        }
        if correlation.isPresent, messages[message].correlationID != correlation {
            if messages[message].correlationID.isPresent {
                report(.correlationID, message, messages[message].correlationID, correlation)
            } else {
                messages[message].correlationID = correlation
            }
        }
    }

    private mutating func report(_ subject: Conflict.Subject, _ message: Int, _ kept: Name, _ dismissed: Name) {
        let evidence: Evidence = subject == .correlationID ? .correlationID : .messageID
        let conflict = Conflict(
            subject: subject, place: .message(table.id(messages[message].key)), kept: table.names[kept],
            keptEvidence: evidence, dismissed: table.names[dismissed], dismissedEvidence: evidence)
        if conflicts.last != conflict { conflicts.append(conflict) }
    }
}
