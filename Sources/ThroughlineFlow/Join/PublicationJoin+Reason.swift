import ThroughlineModel

extension PublicationJoin {
    /// Links say it best. Without any, what is sent on by its own handler, when handling failed, is a dead letter, and so
    /// is what a service that failed with it sends to a place for such; what somebody else sends to where it stood, after
    /// it was set aside, is a replay.
    func reason(_ message: Int, _ position: Int, _ join: MessageJoin) -> PublicationRow.Reason {
        if table.rows[position].isDeadLettering { return .deadLettered }
        if table.rows[position].isReplay { return .replayed }
        guard let failed = failures[message] else { return .sent }
        if isSentOn(message, position, join) || setsAside(position, failed) { return .deadLettered }
        return isSentAgain(message, position) ? .replayed : .sent
    }

    private func isSentOn(_ message: Int, _ position: Int, _ join: MessageJoin) -> Bool {
        guard let handler = table.handler(of: position), gaveUp(handler) else { return false }
        return table.rows[handler].destination != table.rows[position].destination
            && join.handled(handler).contains { join.handlings[$0].message == message }
    }

    private func setsAside(_ position: Int, _ failed: [Int]) -> Bool {
        let row = table.rows[position]
        guard let destination = table.names.text(row.destination), DestinationStem.isForDeadLetters(destination) else {
            return false
        }
        return failed.contains { handler in
            table.rows[handler].service == row.service && table.rows[handler].latest <= row.start
                && table.rows[handler].destination != row.destination
        }
    }

    private func isSentAgain(_ message: Int, _ position: Int) -> Bool {
        let row = table.rows[position]
        guard sent(message, by: row.service, to: row.destination) == nil,
            firstPublication(of: message, on: row.destination) >= 0
        else { return false }
        let aside = first(from: first[message], next) { publication in
            publications[publication].reason == .deadLettered
                && (publications[publication].began.map { $0 <= row.start } ?? false)
        }
        return aside != nil
    }
}
