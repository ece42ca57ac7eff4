/// How far the clock of one host is ahead of another's, as far as causes and effects between the two tell.
///
/// A message is not handled before it is sent, and a call does not last longer than what called it. Each such pair of
/// moments bounds the offset from one side. Recorded times are never changed by it: the bounds are for notes.
public struct ClockOffset: Hashable, Sendable {
    /// The host whose clock is the measure: `host.name`, else the instance, else the service.
    public var from: String
    /// The host whose clock is compared with it; the later name of the two.
    public var to: String
    /// Nanoseconds that the clock of `to` is ahead at least; nil when nothing bounds it from below.
    public var lower: Int64?
    /// Nanoseconds that the clock of `to` is ahead at most; nil when nothing bounds it from above.
    public var upper: Int64?
    /// How many pairs of moments the bounds come from.
    public var observations: Int

    /// True when no offset of zero fits: the two clocks differ for certain.
    public var isProven: Bool { (lower ?? 0) > 0 || (upper ?? 0) < 0 }

    /// True when no constant offset fits: a clock was set, or drifts, in between.
    public var isContradictory: Bool {
        guard let lower, let upper else { return false }
        return lower > upper
    }

    /// Nanoseconds between the bounds; nil when one of them is missing or they contradict each other.
    public var uncertainty: UInt64? {
        guard let lower, let upper, lower <= upper else { return nil }
        return UInt64(upper &- lower)
    }
}
