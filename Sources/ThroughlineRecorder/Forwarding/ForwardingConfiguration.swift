import Foundation
public import Logging
public import ThroughlineModel

/// How spans are forwarded from a store to a collector.
public struct ForwardingConfiguration: Sendable {
    /// How many spans a batch has at most; 2,048 by default.
    public var batchSpans = 2_048
    /// How many bytes of attributes and events, as they are stored, a batch has at most, one span of any size aside;
    /// 4 MiB by default.
    public var batchBytes = 4 << 20
    /// How many batches are on their way at once at most; 4 by default. The cursor moves in order all the same.
    public var batchesInFlight = 4
    /// How long a span waits for others to share its batch, at most; 1 s by default.
    public var interval: Duration = .seconds(1)
    /// How often to look for spans that other processes have stored; 1 s by default. This process's own are known at
    /// once.
    public var pollInterval: Duration = .seconds(1)
    /// How long an exporter belongs to a process that was killed before another may go on; 15 s by default. A living
    /// one prolongs it in time.
    public var lease: Duration = .seconds(15)
    /// How long to wait after the first failure in a row, about; 1 s by default. It doubles with each further one.
    public var initialBackoff: Duration = .seconds(1)
    /// How long to wait between failures at most, unless the collector asks for more; 30 s by default.
    public var maximumBackoff: Duration = .seconds(30)
    /// How long to leave a collector alone that takes nothing from this exporter as it is set up (401, 404, a redirect),
    /// which people have to mend; 5 min by default.
    public var misconfigurationPause: Duration = .seconds(300)
    /// How long to wait in a row for a collector that takes nothing; nil, the default, means for ever.
    public var patience: Duration?
    /// Whether spans without the sampled flag are sent too; false by default: they were recorded for the store alone.
    public var includesUnsampled = false
    /// How long shutting down may take for what is left to be delivered; 5 s by default.
    public var shutdownTimeout: Duration = .seconds(5)
    /// Where failures are logged: the first of a row, what was set aside, and what is left at the end.
    public var logger = Logger(label: "throughline.export")
    /// What time is waited by.
    public var clock: any Clock<Duration> = ContinuousClock()
    /// What time it is, for leases and records.
    public var now: @Sendable () -> Timestamp = {
        Timestamp(nanosecondsSinceEpoch: UInt64(max(0, Date().timeIntervalSince1970) * 1e9))
    }
    /// A number from 0 up to 1, a new one each time, which delays depend on.
    public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }

    /// The defaults.
    public init() {}
}

/// What forwarding has come to so far.
public struct ForwardingProgress: Hashable, Sendable {
    /// Spans that the collector has.
    public var exported = 0
    /// Spans that it has rejected when it accepted the rest of their batch; they are never sent again.
    public var rejected = 0
    /// Spans that it has refused for good; they are set aside in the store.
    public var setAside = 0
    /// What it said to the last of them; nil when it has refused none.
    public var refusal: String?
    /// Requests that nobody took; they are tried again.
    public var failures = 0
    /// Spans that wait, about.
    public var backlog = 0
    /// When the oldest of them started.
    public var oldest: Timestamp?
    /// What the last failure of a row was; nil when the last request went well.
    public var failure: String?
    /// Whether that failure is one of address or credentials, which people have to mend; nothing is set aside for it.
    public var isMisconfigured = false
    /// Who else has the exporter; nil when nobody does.
    public var holder: String?

    /// Nothing so far.
    public init() {}
}
