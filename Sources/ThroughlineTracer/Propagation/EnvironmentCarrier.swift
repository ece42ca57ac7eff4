public import Tracing

/// Lets a tracer's propagators write into and read from environment variables, so that a child process goes on with the
/// trace of its parent (OpenTelemetry, context/env-carriers.md): `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, `X_B3_TRACEID`.
///
/// ```swift
/// var environment = ProcessInfo.processInfo.environment
/// InstrumentationSystem.instrument.inject(context, into: &environment, using: EnvironmentCarrier())
/// ```
///
/// The child extracts from its own environment once, at its start.
public struct EnvironmentCarrier: Injector, Extractor, Sendable {
    /// Makes the carrier; it has no settings.
    public init() {}

    /// Sets the variable that a header's name stands for.
    public func inject(_ value: String, forKey key: String, into environment: inout [String: String]) {
        environment[Self.variable(key)] = value
    }

    /// The value of the variable that a header's name stands for; a variable that is spelled as the header is not read.
    public func extract(key: String, from environment: [String: String]) -> String? {
        environment[Self.variable(key)]
    }

    /// Upper-case letters, digits and `_`; everything else becomes `_`, and one goes before a digit at the start.
    static func variable(_ name: String) -> String {
        let isPlain: (UInt8) -> Bool = { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
        let bytes = name.utf8.map { byte -> UInt8 in
            let upper = (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
            return isPlain(upper) ? upper : UInt8(ascii: "_")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return bytes.first.map { (0x30...0x39).contains($0) } == true ? "_" + text : text
    }
}
