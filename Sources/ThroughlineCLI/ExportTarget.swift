import ArgumentParser
import Foundation
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineZipkin

/// Where `export` sends, and how.
struct ExportTarget: ParsableArguments {
    @Option(help: "Send by OTLP over HTTP to this URL; without a path, /v1/traces is added.")
    var otlp: String?

    @Option(help: "Send as Zipkin v2 to this URL; without a path, /api/v2/spans is added.")
    var zipkin: String?

    @Option(help: "Write all spans as OTLP JSON Lines to a new file; - is standard output.")
    var file: String?

    @Option(name: .customLong("header"), help: "A header of each request, name=value; may be given several times.")
    var headers: [String] = []

    @Option(name: .customLong("protocol"), help: "How OTLP is encoded: http/protobuf (the default) or http/json.")
    var encoding: String?

    @Option(help: "How requests are compressed: gzip or none (the default).")
    var compression: String?

    func validate() throws {
        guard [otlp, zipkin, file].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("Give one of --otlp, --zipkin and --file.")
        }
        for url in [otlp, zipkin].compactMap({ $0 }) where Self.parts(of: url) == nil {
            throw ValidationError("'\(url)' is no URL: it must begin with http:// or https:// and name a host.")
        }
        for header in headers where Self.pair(header) == nil {
            throw ValidationError("'\(header)' is no header: write name=value.")
        }
        if let encoding, !["http/protobuf", "http/json"].contains(encoding) {
            throw ValidationError("--protocol is http/protobuf or http/json, not '\(encoding)'.")
        }
        if let compression, !["gzip", "none"].contains(compression) {
            throw ValidationError("--compression is gzip or none, not '\(compression)'.")
        }
    }

    /// The cursor that applications use too.
    var defaultName: String { zipkin == nil ? "otlp" : "zipkin" }

    /// The URL or file, for people.
    var place: String { otlp ?? zipkin ?? file ?? "" }

    /// The options that send to the same place; the values of headers are secrets and are not shown.
    var commandLine: String {
        let place = otlp.map { "--otlp \($0)" } ?? zipkin.map { "--zipkin \($0)" } ?? ""
        let names = headers.compactMap(Self.pair).map { " --header \($0.name)=…" }
        let encoding = encoding.map { " --protocol \($0)" } ?? ""
        return place + names.joined() + encoding
    }

    /// What environment variables say holds where no option says otherwise.
    func exporter() -> any SpanExporter {
        let environment = ProcessInfo.processInfo.environment
        let pairs = headers.compactMap(Self.pair)
        if let url = zipkin {
            var configuration = ZipkinConfiguration(environment: environment)
            configuration.endpoint = Self.whole(url, path: "/api/v2/spans")
            configuration.headers += pairs
            if let compression { configuration.compression = compression == "gzip" ? .gzip : .none }
            return ZipkinExporter(configuration)
        }
        var configuration = OTLPExporter.Configuration(environment: environment)
        if let url = otlp { configuration.endpoint = Self.whole(url, path: "/v1/traces") }
        for (name, value) in pairs { configuration.headers[name] = value }
        if let encoding { configuration.encoding = encoding == "http/json" ? .json : .protobuf }
        if let compression { configuration.compression = compression == "gzip" ? .gzip : .none }
        return OTLPExporter(configuration)
    }

    private static func pair(_ header: String) -> (name: String, value: String)? {
        let parts = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    private static func parts(of url: String) -> URLComponents? {
        guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false
        else { return nil }
        return parts
    }

    private static func whole(_ url: String, path: String) -> String {
        guard var parts = parts(of: url), ["", "/"].contains(parts.path) else { return url }
        parts.path = path
        return parts.string ?? url
    }
}
