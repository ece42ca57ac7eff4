/// The number that decides whether a flow is kept: the same for every process, language and version.
///
/// FNV-1a with 64 bits over the UTF-8 bytes of the correlation id, then the finaliser of MurmurHash3, then the right-most
/// 56 bits, which is what OpenTelemetry compares with a sampling threshold (trace/tracestate-probability-sampling.md).
/// `order-1` gives 1b422e3af0d9a5.
public enum FlowHash {
    /// 56 bits.
    public static func value(of correlationID: String) -> UInt64 {
        var hash = FNV1a(correlationID).value
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return (hash ^ hash >> 33) & SamplingThreshold.mask
    }
}
