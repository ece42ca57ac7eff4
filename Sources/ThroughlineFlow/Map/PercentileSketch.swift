/// Counts durations or sizes in buckets that grow with the value, so that percentiles of any number of values cost the
/// same little memory and are right to within 2 %.
struct PercentileSketch: Sendable {
    /// Each power of two is cut into 32 parts: 1/64 is half the error that is promised.
    private static let parts = 5
    /// Indexed by bucket, as long as the largest value needs: at most 1,920 buckets, a few hundred as a rule.
    private var counts: [UInt32] = []
    private(set) var count = 0
    private var smallest = UInt64.max
    private var largest: UInt64 = 0

    mutating func add(_ value: UInt64) {
        let bucket = Self.bucket(value)
        if bucket >= counts.count {
            counts.append(contentsOf: repeatElement(0, count: bucket + 32 - counts.count))
        }
        counts[bucket] &+= 1
        count += 1
        smallest = min(smallest, value)
        largest = max(largest, value)
    }

    /// The value that this share of all values does not exceed; nil when there are none.
    func percentile(_ share: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = max(1, Int((Double(count) * share).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() where count > 0 {
            seen += Int(count)
            if seen >= wanted { return min(max(Self.middle(bucket), smallest), largest) }
        }
        return largest
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
