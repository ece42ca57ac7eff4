import ThroughlineModel

/// What is known of one message while a map is built: where it was sent, and who tried to handle it.
///
/// A delivery is told by all of its attempts, so nothing of it is counted before the message is complete, or forgotten.
struct MapStory: Sendable {
    /// The message was sent, or several that nothing tells apart.
    struct Sending: Sendable {
        var span: SpanID
        /// The number of its ``MapTally/EmissionKey``.
        var place: Int32
        /// How many; none for the sending of messages that are stories of their own.
        var messages: Int32 = 1
        var ended: Timestamp
        var failed: Bool
    }

    /// One attempt to handle it.
    struct Attempt: Sendable {
        var span: SpanID
        var parent: SpanID?
        /// The number of its ``MapTally/DeliveryKey``.
        var place: Int32
        /// From 1; 0 when nobody counted.
        var number: Int32
        var start: Timestamp
        var end: Timestamp?
        /// Nanoseconds in the queue, as the consumer knows.
        var waited: UInt64?
        var settlement: Settlement?
        var failed: Bool
        /// The message was pulled; whoever handled it says more.
        var isReceipt = false
        /// The message is known by a span that may not have sent it.
        var isGuess = false
        /// It was handled together with others.
        var isBatch = false

        /// It handled the message.
        var succeeded: Bool {
            ThroughlineFlow.Attempt.succeeded(ended: end != nil, failed: failed, settlement: settlement)
        }
        /// Nothing comes after it that anybody has announced.
        var isGivenBack: Bool { settlement == .requeued || settlement == .deferred }
        /// The message was given up after it, as far as it knows.
        var isGivenUp: Bool {
            switch settlement {
            case .rejected, .deadLettered: true
            case .requeued, .deferred: false
            case .acknowledged, .skipped, nil: failed
            }
        }
    }

    /// A span of its own says how the message was settled.
    struct Settling: Sendable {
        var service: MapName
        var start: Timestamp
        var settlement: Settlement
    }

    var sendings: [Sending] = []
    var attempts: [Attempt] = []
    var settlings: [Settling] = []

    /// Several messages that nothing tells apart: every attempt is the delivery of one.
    var isShared: Bool { sendings.contains { $0.messages != 1 } }

    /// Ids that are no ids are on any number of messages.
    var isTooLong: Bool { sendings.count + attempts.count + settlings.count >= Self.longest }

    private static let longest = 512

    mutating func add(_ other: MapStory) {
        sendings += other.sendings
        attempts += other.attempts
        settlings += other.settlings
    }

    /// Puts it in order: each span once, what pulled a message or went around its handling left out where the handling
    /// itself is there, attempts of one delivery together and one after the other.
    mutating func complete(_ keys: [MapTally.DeliveryKey]) {
        if sendings.isEmpty { attempts.removeAll(where: \.isGuess) }
        if sendings.count > 1 {
            sendings.sort { ($0.ended, $0.span) < ($1.ended, $1.span) }
            var seen: Set<SpanID> = []
            sendings.removeAll { !seen.insert($0.span).inserted }
        }
        for settling in settlings.sorted(by: { $0.start < $1.start }) {
            let handled = attempts.indices.filter { place in
                keys[Int(attempts[place].place)].service == settling.service
                    && attempts[place].settlement == nil && attempts[place].start <= settling.start
            }
            if let last = handled.max(by: { attempts[$0].start < attempts[$1].start }) {
                attempts[last].settlement = settling.settlement
            }
        }
        guard attempts.count > 1 else { return }
        attempts.sort { left, right in
            if left.place != right.place { return left.place < right.place }
            if left.number != right.number { return left.number < right.number }
            if left.start != right.start { return left.start < right.start }
            // A span that came twice: first with its end.
            return left.span == right.span ? left.end != nil && right.end == nil : left.span < right.span
        }
        let all = attempts
        var seen: Set<SpanID> = []
        attempts.removeAll { attempt in
            !seen.insert(attempt.span).inserted || all.contains { Self.isFrame(attempt, of: $0, keys) }
        }
    }

    /// True when the second is the same delivery, told better.
    private static func isFrame(_ frame: Attempt, of attempt: Attempt, _ keys: [MapTally.DeliveryKey]) -> Bool {
        guard frame.span != attempt.span else { return false }
        let (outer, inner) = (keys[Int(frame.place)], keys[Int(attempt.place)])
        guard outer.service == inner.service, outer.destination == inner.destination else { return false }
        if frame.isReceipt, !attempt.isReceipt { return true }
        if attempt.parent == frame.span { return true }
        guard frame.isBatch, !attempt.isBatch, let end = frame.end, let innerEnd = attempt.end else { return false }
        return frame.start <= attempt.start && innerEnd <= end
    }
}
