import ThroughlineModel

/// What deliveries have to do with earlier ones of the same message: with retry topics every attempt is a delivery of
/// its own, and a replay comes long after the message was given up.
package struct DeliveryHistory {
    private struct Story: Hashable {
        var message: Message.ID
        var consumer: Consumer
    }

    private var retried: Set<Story> = []
    private var delays: [Hop.ID: UInt64] = [:]

    package init(_ flow: Flow) {
        for hop in flow.hops where !hop.isReplay && hop.attempts.contains(where: { $0.number > 1 }) {
            retried.insert(Self.story(of: hop))
        }
        for letter in flow.deadLetters {
            let end = letter.hop.flatMap(flow.hop).flatMap { $0.end ?? $0.start }
            guard let since = end ?? letter.publication.flatMap(flow.publication)?.sent else { continue }
            for replay in letter.replays {
                guard let start = flow.hop(replay)?.start, start > since else { continue }
                delays[replay] = min(delays[replay] ?? .max, since.nanoseconds(until: start))
            }
        }
    }

    private static func story(of hop: Hop) -> Story { Story(message: hop.message, consumer: hop.consumer) }

    /// True when it took this consumer several attempts, so that each should say which one it is. A replay is one only
    /// where it counts on.
    package func isRetried(_ hop: Hop) -> Bool {
        hop.attempts.count > 1 || hop.attempts.contains { $0.number > 1 }
            || (!hop.isReplay && retried.contains(Self.story(of: hop)))
    }

    /// Nanoseconds from when the message was given up to when it was handled again; where nobody knows that, how long
    /// the replay waited.
    package func replayDelay(_ hop: Hop) -> UInt64? { delays[hop.id] ?? hop.queueTime }
}
