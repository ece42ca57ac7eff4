public import ThroughlineModel

/// One step of a critical path: a message was sent, waited, and was handled.
public struct CriticalStep: Hashable, Sendable {
    /// What was sent.
    public var publication: Publication.ID
    /// Nil when the chain ends with sending: no delivery is recorded, or sending took longer.
    public var hop: Hop.ID?
}

/// A stretch of time on a critical path, and what it was spent on.
public struct CriticalSegment: Hashable, Sendable {
    /// What time is spent on.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A handler, what it left running, or what began the flow, worked.
        case processing
        /// The sender handed the message to the broker.
        case publishing
        /// The message waited for its consumer.
        case queue
        /// A failed attempt had ended and the next one had not begun.
        case backoff
        /// The message was written down and not yet sent, in an outbox.
        case outbox
        /// The message waited for the time at which it was due.
        case scheduled
        /// The cause had been handled and what it led to had not begun; no span says what happened meanwhile.
        case gap
    }

    /// What it was spent on.
    public var kind: Kind
    /// The position of the step that it belongs to in ``CriticalPath/steps``; 0 where there are none.
    public var step: Int
    /// The operation that worked or waited; nil when no operation did.
    public var operation: Operation.ID?
    /// When it began, by the clock of whoever recorded it; where clocks differ for certain, allowing for that as
    /// ``Flow/latency`` does.
    public var start: Timestamp
    /// Nanoseconds.
    public var duration: UInt64
    /// Its part of the whole path, from 0 to 1.
    public var share: Double
}

/// The chain of hops, waiting included, that determined when a flow finished, up to the last moment of what ended last: a
/// handler, what it left running, or whatever took longer than all handling.
public struct CriticalPath: Hashable, Sendable {
    /// The hops, first to last; none where what took longest waited for no message.
    public var steps: [CriticalStep]
    /// What the time went into, in order, without a gap between; stretches of no length are left out.
    public var segments: [CriticalSegment]

    /// Nanoseconds of all segments together.
    public var duration: UInt64 { segments.reduce(0) { $0.addingReportingOverflow($1.duration).partialValue } }

    /// Nanoseconds spent on one kind of thing.
    public func duration(of kind: CriticalSegment.Kind) -> UInt64 {
        segments.reduce(0) { $1.kind == kind ? $0.addingReportingOverflow($1.duration).partialValue : $0 }
    }

    /// The part of the path that was spent on one kind of thing, from 0 to 1.
    public func share(of kind: CriticalSegment.Kind) -> Double {
        segments.reduce(0) { $1.kind == kind ? $0 + $1.share : $0 }
    }
}
