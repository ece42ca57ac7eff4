import ThroughlineModel

/// What rows refer to: the lists and the texts of all of them.
struct OperationColumns: Sendable {
    var members: [MemberRow] = []
    var links: [LinkRow] = []
    /// Causation ids.
    var causes: [Name] = []
    var names: NameTable

    /// Makes room for what that many spans refer to, about.
    init(count: Int = 0) {
        names = NameTable(capacity: count / 2)
        links.reserveCapacity(count / 2)
        members.reserveCapacity(count / 2)
        causes.reserveCapacity(count / 2)
    }

    /// Reads the records at some places into rows, in that order. Reading waits for memory more than for anything else,
    /// and so it is done side by side.
    static func read(_ records: [SpanRecord], _ places: [Int]) -> (rows: [OperationRow], columns: OperationColumns) {
        let ranges = SideBySide.ranges(places.count)
        var parts: [OperationColumns] = []
        let rows = [OperationRow](unsafeUninitializedCapacity: places.count) { buffer, count in
            // Each part writes and then changes the rows of its own range, which no other part does.
            nonisolated(unsafe) let rows = buffer
            parts = SideBySide.map(ranges) { range in
                var reader = OperationReader(count: range.count)
                records.withUnsafeBufferPointer { records in
                    guard let first = records.baseAddress else { return }
                    for row in range {
                        rows.initializeElement(at: row, to: reader.read(first + places[row], at: places[row]))
                    }
                }
                return reader.columns
            }
            count = places.count
            guard parts.count > 1 else { return }
            let moves = join(&parts)
            _ = SideBySide.map(Array(zip(ranges.dropFirst(), moves))) { range, move in
                for row in range { rows[row].move(move) }
            }
        }
        return (rows, parts[0])
    }

    /// Joins columns to one, which takes the place of the first.
    ///
    /// - Returns: for each of the others where its things are now.
    private static func join(_ parts: inout [OperationColumns]) -> [Move] {
        var joined = OperationColumns()
        swap(&joined, &parts[0])
        joined.links.reserveCapacity(parts.reduce(joined.links.count) { $0 + $1.links.count })
        joined.members.reserveCapacity(parts.reduce(joined.members.count) { $0 + $1.members.count })
        joined.names.reserveCapacity(parts.reduce(joined.names.count) { $0 + $1.names.count })
        let moves = parts.dropFirst().map { joined.append($0) }
        parts[0] = joined
        return moves
    }

    /// Where things are that stood in columns of their own.
    struct Move: Sendable {
        var members: Int32
        var links: Int32
        var causes: Int32
        /// By the number of a name there: the name here.
        var names: [Name]

        func callAsFunction(_ name: inout Name) {
            if name.isPresent { name = names[name.place] }
        }
    }

    private mutating func append(_ other: OperationColumns) -> Move {
        let move = Move(
            members: Int32(truncatingIfNeeded: members.count), links: Int32(truncatingIfNeeded: links.count),
            causes: Int32(truncatingIfNeeded: causes.count), names: names.append(other.names))
        links += other.links
        for var member in other.members {
            member.move(move)
            members.append(member)
        }
        for var cause in other.causes {
            move(&cause)
            causes.append(cause)
        }
        return move
    }
}

extension OperationRow {
    fileprivate mutating func move(_ move: OperationColumns.Move) {
        move(&service)
        move(&host)
        links.start += move.links
        guard isMessaging else { return }
        move(&system)
        move(&destination)
        move(&group)
        move(&messageID)
        move(&correlationID)
        move(&ownCorrelationID)
        move(&causationCorrelationID)
        move(&type)
        causes.start += move.causes
        members.start += move.members
    }
}

extension MemberRow {
    fileprivate mutating func move(_ move: OperationColumns.Move) {
        move(&messageID)
        move(&correlationID)
        move(&type)
        causes.start += move.causes
    }
}
