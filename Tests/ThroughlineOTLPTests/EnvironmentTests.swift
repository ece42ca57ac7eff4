import Testing

@testable import ThroughlineOTLP

@Suite("OTLP exporter, environment") struct EnvironmentTests {
    let log = LogList()

    private func read(_ variables: [String: String]) -> OTLPExporter.Configuration {
        var environment: [String: String] = [:]
        for (name, value) in variables { environment["OTEL_EXPORTER_OTLP_" + name] = value }
        return OTLPExporter.Configuration(environment: environment, logger: log.logger)
    }

    @Test("nothing set, or set to nothing, leaves the defaults")
    func defaults() {
        for configuration in [read([:]), read(["ENDPOINT": "", "TRACES_TIMEOUT": " ", "PROTOCOL": "", "HEADERS": ""])] {
            #expect(configuration.endpoint == "http://localhost:4318/v1/traces")
            #expect(configuration.encoding == .protobuf)
            #expect(configuration.compression == .none)
            #expect(configuration.timeout == .seconds(10))
            #expect(configuration.headers.isEmpty)
            #expect(configuration.certificate == nil)
            #expect(configuration.maximumRequestSize == 67_108_864)
            #expect(configuration.maximumResponseSize == 4_194_304)
        }
        #expect(log.lines.isEmpty)
    }

    @Test(
        "the general endpoint gets the signal's path, that for traces is used as it is",
        arguments: [
            ("ENDPOINT", "http://collector:4318", "http://collector:4318/v1/traces"),
            ("ENDPOINT", "http://collector:4318/", "http://collector:4318/v1/traces"),
            ("ENDPOINT", "https://collector/otlp", "https://collector/otlp/v1/traces"),
            ("ENDPOINT", "https://collector/otlp/", "https://collector/otlp/v1/traces"),
            ("ENDPOINT", "https://collector/otlp?key=a/b", "https://collector/otlp/v1/traces?key=a/b"),
            ("ENDPOINT", " HTTP://[::1]:4318 ", "HTTP://[::1]:4318/v1/traces"),
            ("TRACES_ENDPOINT", "http://collector:4318", "http://collector:4318/"),
            ("TRACES_ENDPOINT", "http://collector:4318/", "http://collector:4318/"),
            ("TRACES_ENDPOINT", "http://collector:4318/v1/traces", "http://collector:4318/v1/traces"),
            ("TRACES_ENDPOINT", "http://collector:4318/custom?x", "http://collector:4318/custom?x"),
        ])
    func endpoint(variable: String, value: String, expected: String) {
        #expect(read([variable: value]).endpoint == expected)
        #expect(log.lines.isEmpty)
    }

    @Test("what is said of traces comes before what is said of all signals, whole")
    func precedence() {
        let configuration = read([
            "ENDPOINT": "http://a", "TRACES_ENDPOINT": "http://b/x", "TIMEOUT": "1000", "TRACES_TIMEOUT": "250",
            "COMPRESSION": "gzip", "TRACES_COMPRESSION": "none", "PROTOCOL": "http/protobuf",
            "TRACES_PROTOCOL": "http/json", "HEADERS": "a=1,b=2", "TRACES_HEADERS": "c=3", "CERTIFICATE": "/a",
            "TRACES_CERTIFICATE": "/b", "CLIENT_KEY": "/c", "TRACES_CLIENT_KEY": "/d", "CLIENT_CERTIFICATE": "/e",
            "TRACES_CLIENT_CERTIFICATE": "/f",
        ])
        #expect(configuration.endpoint == "http://b/x")
        #expect(configuration.timeout == .milliseconds(250))
        #expect(configuration.compression == .none)
        #expect(configuration.encoding == .json)
        #expect(configuration.headers == ["c": "3"])
        #expect(configuration.certificate == "/b")
        #expect(configuration.clientKey == "/d")
        #expect(configuration.clientCertificate == "/f")
        let general = read([
            "TIMEOUT": "1000", "COMPRESSION": "gzip", "PROTOCOL": "http/json", "CERTIFICATE": "/a", "CLIENT_KEY": "/c",
            "CLIENT_CERTIFICATE": "/e", "INSECURE": "true",
        ])
        #expect(general.timeout == .seconds(1))
        #expect(general.compression == .gzip)
        #expect(general.encoding == .json)
        #expect(general.certificate == "/a")
        #expect(general.clientKey == "/c")
        #expect(general.clientCertificate == "/e")
        #expect(log.lines.isEmpty)
    }

    @Test("headers: percent-encoding, white space, '=' in values; broken ones are left out and their values not told")
    func headers() {
        let good = read(["HEADERS": "api-key=k%20e%2Cy, authorization = Basic dXNlcjpwYXNz== ,empty="])
        #expect(good.headers == ["api-key": "k e,y", "authorization": "Basic dXNlcjpwYXNz==", "empty": ""])
        #expect(log.lines.isEmpty)
        let bad = read(["HEADERS": "a=1,secret,x y=secret,b=secret%0D%0AEvil: 1,c=secret%2,d=secret%zz,e=secret%FF,z=2"]
        )
        #expect(bad.headers == ["a": "1", "z": "2"])
        #expect(log.lines.count == 6)
        #expect(log.lines.allSatisfy { $0.contains("OTEL_EXPORTER_OTLP_HEADERS") && !$0.contains("secret") })
    }

    @Test(
        "what cannot be used is named, and the default stays",
        arguments: [
            ("ENDPOINT", "collector:4318"), ("ENDPOINT", "ftp://collector"), ("TRACES_ENDPOINT", "http://"),
            ("ENDPOINT", "http:///path"), ("PROTOCOL", "http/xml"), ("TRACES_PROTOCOL", "grpc"), ("TIMEOUT", "10s"),
            ("TIMEOUT", "-1"), ("COMPRESSION", "zstd"),
        ])
    func unusable(variable: String, value: String) {
        let configuration = read([variable: value])
        #expect(configuration.endpoint == "http://localhost:4318/v1/traces")
        #expect(configuration.encoding == .protobuf)
        #expect(configuration.timeout == .seconds(10))
        #expect(configuration.compression == .none)
        #expect(log.lines.count == 1)
        #expect(log.lines[0].hasPrefix("warning: OTEL_EXPORTER_OTLP_\(variable) is "))
        if value == "grpc" { #expect(log.lines[0].contains("4318")) }
    }

    @Test("a timeout of zero is none") func noTimeout() {
        #expect(read(["TIMEOUT": "0"]).timeout > .seconds(30 * 24 * 3_600))
    }
}
