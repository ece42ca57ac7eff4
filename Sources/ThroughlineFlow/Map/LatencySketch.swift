/// Counts durations in buckets that grow with the duration, so that percentiles of any number of durations cost the
/// same little memory and are right to within 2 %.
struct LatencySketch: Sendable {
    /// Each power of two is cut into that many parts: 1/64 is half the error that is promised.
    private static let parts = 5
    private var counts: [Int: Int] = [:]
    private(set) var count = 0
    private var smallest = UInt64.max
    private var largest: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds), default: 0] += 1
        count += 1
        smallest = min(smallest, nanoseconds)
        largest = max(largest, nanoseconds)
    }

    /// The duration that this share of all durations does not exceed; nil when there are none.
    func percentile(_ share: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = max(1, Int((Double(count) * share).rounded(.up)))
        var seen = 0
        for bucket in counts.keys.sorted() {
            seen += counts[bucket] ?? 0
            if seen >= wanted { return min(max(Self.middle(bucket), smallest), largest) }
        }
        return nil
    }

    var percentiles: ServiceMap.Percentiles? {
        guard let p50 = percentile(0.5), let p95 = percentile(0.95), let p99 = percentile(0.99) else { return nil }
        return ServiceMap.Percentiles(p50: p50, p95: p95, p99: p99)
    }

    /// Exact up to 32, then by the highest six bits.
    private static func bucket(_ value: UInt64) -> Int {
        guard value >= 1 << parts else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - parts + 1) << parts | Int(value >> UInt64(exponent - parts)) & (1 << parts - 1)
    }

    private static func middle(_ bucket: Int) -> UInt64 {
        guard bucket >= 1 << parts else { return UInt64(bucket) }
        let shift = UInt64(bucket >> parts - 1)
        let low = (UInt64(bucket & (1 << parts - 1)) | 1 << UInt64(parts)) << shift
        return low + (1 << shift) / 2
    }
}
