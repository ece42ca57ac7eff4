import Synchronization

/// Makes trace and span ids (OpenTelemetry, trace/sdk.md, Id Generators). What it makes must be valid.
public protocol IDSource: Sendable {
    /// An id for a trace that begins at the time.
    func traceID(at time: Timestamp) -> TraceID
    /// An id for a span.
    func spanID() -> SpanID
    /// Whether the right-most seven bytes of trace ids are random, which is told to others (W3C Trace Context Level 2).
    var isRandom: Bool { get }
}

/// Makes trace and span ids without a system call.
///
/// The random numbers are SplitMix64's over one atomic counter: a single atomic addition a number, no lock, and no
/// number twice in 2^64. The counter starts at a value of the system's generator, which costs a system call and is
/// therefore asked once.
public final class IDGenerator: IDSource {
    private let state: Atomic<UInt64>

    /// Makes a generator.
    ///
    /// - Parameter seed: the same seed gives the same ids, for tests; nil takes one from the system.
    public init(seed: UInt64? = nil) {
        state = Atomic(seed ?? UInt64.random(in: .min ... .max))
    }

    /// 64 random bits.
    public func randomBits() -> UInt64 {
        let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15
        var bits = state.wrappingAdd(gamma, ordering: .relaxed).newValue
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// A trace id: 48 bits of milliseconds and 16 random bits on the left, 64 random bits on the right.
    ///
    /// - Parameter time: when the trace begins.
    public func traceID(at time: Timestamp) -> TraceID {
        let milliseconds = time.nanosecondsSinceEpoch / 1_000_000
        return TraceID(high: milliseconds << 16 | randomBits() & 0xFFFF, low: nonZeroBits())
    }

    /// True.
    public var isRandom: Bool { true }

    /// A random span id.
    public func spanID() -> SpanID { SpanID(nonZeroBits()) }

    private func nonZeroBits() -> UInt64 {
        let bits = randomBits()
        return bits == 0 ? 1 : bits
    }
}
