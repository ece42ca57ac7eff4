import ThroughlineModel

/// What rows refer to: the lists and the texts of all of them.
struct OperationColumns: Sendable {
    var members: [MemberRow] = []
    var links: [LinkRow] = []
    /// Causation ids.
    var causes: [Name] = []
    var names: NameTable

    /// Makes room for what that many spans refer to, about.
    init(count: Int) {
        names = NameTable(capacity: count / 2)
        links.reserveCapacity(count / 2)
        members.reserveCapacity(count / 2)
        causes.reserveCapacity(count / 2)
    }

    /// Reads the records at some places into rows, in that order. Reading waits for memory more than for anything else,
    /// and so it is done side by side.
    static func read(_ records: [SpanRecord], _ places: [Int]) -> (rows: [OperationRow], columns: OperationColumns) {
        let ranges = SideBySide.ranges(places.count)
        var columns: [OperationColumns] = []
        let rows = [OperationRow](unsafeUninitializedCapacity: places.count) { buffer, count in
            // Each part writes and then reads the rows of its own range, which no other part does.
            nonisolated(unsafe) let rows = buffer
            columns = SideBySide.map(ranges) { range in
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
            guard columns.count > 1 else { return }
            let moves = columns.dropFirst().map { columns[0].append($0) }
            _ = SideBySide.map(Array(zip(ranges.dropFirst(), moves))) { range, move in
                for row in range { rows[row].move(move) }
            }
        }
        return (rows, columns[0])
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
