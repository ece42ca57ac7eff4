import ThroughlineModel

extension Timestamp {
    /// Nanoseconds until a moment that may be of another clock; nil where that says it was earlier, so that nothing was
    /// measured.
    func ifBefore(_ later: Timestamp) -> UInt64? { later < self ? nil : nanoseconds(until: later) }
}
