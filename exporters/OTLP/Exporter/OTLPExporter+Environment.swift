public import Logging
import ThroughlineHTTP
import ThroughlineModel

extension OTLPExporter.Configuration {
    /// The defaults, changed by OpenTelemetry's environment variables (specification/protocol/exporter.md):
    /// `OTEL_EXPORTER_OTLP_TRACES_…` before `OTEL_EXPORTER_OTLP_…`, each for `ENDPOINT`, `HEADERS`, `COMPRESSION`,
    /// `TIMEOUT` (milliseconds, 0 for none), `PROTOCOL`, `CERTIFICATE`, `CLIENT_KEY` and `CLIENT_CERTIFICATE`.
    ///
    /// To the general endpoint `v1/traces` is added; that for traces is used as it is. `INSECURE` is gRPC's: over HTTP
    /// the URL's scheme decides.
    ///
    /// - Parameters:
    ///   - environment: The variables; an empty one is as good as none.
    ///   - logger: Is warned of each that cannot be used, for which the default stays, and becomes ``logger``.
    public init(environment: [String: String], logger: Logger? = nil) {
        self.init()
        self.logger = logger
        var reader = OTLPEnvironment(environment)
        if let endpoint = reader.endpoint() { self.endpoint = endpoint }
        if let encoding = reader.encoding() { self.encoding = encoding }
        if let compression = reader.compression() { self.compression = compression }
        if let timeout = reader.timeout() { self.timeout = timeout }
        headers = reader.headers()
        certificate = reader.value("CERTIFICATE")?.text
        clientCertificate = reader.value("CLIENT_CERTIFICATE")?.text
        clientKey = reader.value("CLIENT_KEY")?.text
        for problem in reader.problems { logger?.warning("\(problem).") }
    }
}

/// Reads the variables of the OTLP exporter, and tells what it could not use.
struct OTLPEnvironment {
    private var reader: EnvironmentReader

    init(_ values: [String: String]) {
        reader = EnvironmentReader(values)
    }

    var problems: [String] { reader.problems }

    /// The variable for traces, else the one for all signals.
    func value(_ name: String) -> (name: String, text: String)? {
        for name in ["OTEL_EXPORTER_OTLP_TRACES_\(name)", "OTEL_EXPORTER_OTLP_\(name)"] {
            if let text = reader.text(name) { return (name, text) }
        }
        return nil
    }

    mutating func endpoint() -> String? {
        guard let (name, text) = value("ENDPOINT") else { return nil }
        guard let scheme = text.firstRange(of: "://"),
            ["http", "https"].contains(text[..<scheme.lowerBound].lowercased()),
            !text[scheme.upperBound...].prefix(while: { $0 != "/" && $0 != "?" }).isEmpty
        else {
            reader.report(
                "\(name) is no URL that begins with http:// or https:// and names a host; the default stays")
            return nil
        }
        let queryStart = text.firstIndex(of: "?") ?? text.endIndex
        var address = String(text[..<queryStart])
        if !address[scheme.upperBound...].contains("/") { address += "/" }
        if name == "OTEL_EXPORTER_OTLP_ENDPOINT" { address += address.hasSuffix("/") ? "v1/traces" : "/v1/traces" }
        return address + text[queryStart...]
    }

    mutating func encoding() -> OTLP.Encoding? {
        guard let (name, text) = value("PROTOCOL") else { return nil }
        switch text.lowercased() {
        case "http/protobuf": return .protobuf
        case "http/json": return .json
        case "grpc":
            reader.report(
                "\(name) is 'grpc', which this exporter does not speak; http/protobuf is used. Collectors listen for it "
                    + "on port 4318, not on gRPC's 4317")
        default: reader.report("\(name) is '\(text)', neither http/protobuf nor http/json; the default stays")
        }
        return nil
    }

    mutating func compression() -> OTLPExporter.Configuration.Compression? {
        guard let (name, text) = value("COMPRESSION") else { return nil }
        if let compression = OTLPExporter.Configuration.Compression(rawValue: text.lowercased()) { return compression }
        reader.report("\(name) is '\(text)', neither gzip nor none; the default stays")
        return nil
    }

    mutating func timeout() -> Duration? {
        guard let (name, _) = value("TIMEOUT"), let timeout = reader.milliseconds(name) else { return nil }
        // No limit is a limit that nobody lives to see.
        return timeout == .zero ? .seconds(365 * 24 * 3_600) : timeout
    }

    /// A list like W3C baggage without properties, values percent-encoded. Values are secrets as a rule: no problem
    /// shows one.
    mutating func headers() -> [String: String] {
        var headers: [String: String] = [:]
        guard let (name, text) = value("HEADERS") else { return headers }
        for (index, member) in text.split(separator: ",").enumerated() {
            let pair = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let value = Self.percentDecoded(pair[1].trimmingOptionalWhitespace()),
                HTTPRequest.isHeader(String(pair[0].trimmingOptionalWhitespace()), value)
            else {
                reader.report("\(name): header \(index + 1) of the list is not 'name=value'; it is left out")
                continue
            }
            headers[String(pair[0].trimmingOptionalWhitespace())] = value
        }
        return headers
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.nibble), let low = rest.popFirst().flatMap(Hex.nibble) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
