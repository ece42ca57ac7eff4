extension SpanContext {
    /// Reads a `traceparent` header (W3C Trace Context Level 2, section 3.2).
    ///
    /// Version 00 must be exactly 55 characters; a higher version is read by its first 55 when what follows begins
    /// with `-`. Returns nil for upper-case digits, all-zero ids, and version `ff`: the trace then starts anew.
    public init?(traceParent header: some StringProtocol) {
        var header = String(header)
        let parsed: SpanContext? = header.withUTF8 { bytes in
            guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
                let version = lowerHex(bytes[0..<2]), version != 0xFF,
                version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash,
                let high = lowerHex(bytes[3..<19]), let low = lowerHex(bytes[19..<35]),
                let span = lowerHex(bytes[36..<52]), let flags = lowerHex(bytes[53..<55])
            else { return nil }
            let context = SpanContext(
                traceID: TraceID(high: high, low: low), spanID: SpanID(span),
                flags: TraceFlags(rawValue: UInt8(truncatingIfNeeded: flags)).intersection(.known), isRemote: true)
            return context.isValid ? context : nil
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The `traceparent` header, in version 00, with the flags that Level 2 defines and no others.
    public var traceParent: String {
        String(unsafeUninitializedCapacity: 55) { buffer in
            buffer[0] = 0x30
            buffer[1] = 0x30
            buffer[2] = dash
            Hex.write(traceID.high, to: buffer, at: 3)
            Hex.write(traceID.low, to: buffer, at: 19)
            buffer[35] = dash
            Hex.write(spanID.rawValue, to: buffer, at: 36)
            buffer[52] = dash
            buffer[53] = 0x30
            buffer[54] = Hex.digit(flags.intersection(.known).rawValue)
            return 55
        }
    }
}

private let dash = UInt8(ascii: "-")

/// Lower case only, as section 3.2.2 demands.
private func lowerHex(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
    digits.contains { (0x41...0x46).contains($0) } ? nil : Hex.value(of: digits)
}
