import Testing
import ThroughlineZipkin

@Suite struct ConfigurationTests {
    @Test func `the defaults are OpenTelemetry's`() {
        let configuration = ZipkinConfiguration(environment: [:])
        #expect(configuration.endpoint == "http://localhost:9411/api/v2/spans")
        #expect(configuration.timeout == .seconds(10))
    }

    @Test func `the environment says where and how long`() {
        let configuration = ZipkinConfiguration(environment: [
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "https://zipkin.example:9999/custom",
            "OTEL_EXPORTER_ZIPKIN_TIMEOUT": "2500",
        ])
        #expect(configuration.endpoint == "https://zipkin.example:9999/custom")
        #expect(configuration.timeout == .milliseconds(2_500))
    }

    @Test(arguments: ["", "soon", "-1", "0", "1.5"])
    func `a variable that makes no sense is left out`(_ value: String) {
        let configuration = ZipkinConfiguration(environment: [
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT": value, "OTEL_EXPORTER_ZIPKIN_TIMEOUT": value,
        ])
        #expect(configuration.endpoint == "http://localhost:9411/api/v2/spans")
        #expect(configuration.timeout == .seconds(10))
    }
}
