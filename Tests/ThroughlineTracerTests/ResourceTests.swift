import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("Resources")
struct ResourceTests {
    @Test("Merging: the other's attributes win; of two different schema URLs none is left")
    func merging() {
        let old = Resource(attributes: ["a": 1, "b": 1], schemaURL: "https://example.org/1")
        #expect(old.merging(Resource(attributes: ["b": 2, "c": 2])).attributes == ["a": 1, "b": 2, "c": 2])
        #expect(old.merging(Resource()) == old)
        #expect(Resource().merging(old) == old)
        #expect(old.merging(Resource(schemaURL: "https://example.org/1")).schemaURL == "https://example.org/1")
        #expect(old.merging(Resource(schemaURL: "https://example.org/2")).schemaURL == nil)
    }

    @Test("Detectors find out more, and say which conventions they follow; the environment overrides them")
    func detectors() {
        struct Pod: ResourceDetector {
            func detect() -> Resource { Resource(attributes: ["k8s.pod.name": "orders-1", "region": "eu"]) }
        }
        let resource = Resource.detected(
            environment: ["OTEL_RESOURCE_ATTRIBUTES": "region=us"], detectors: [Pod()])
        #expect(resource.attributes["k8s.pod.name"] == "orders-1" && resource.attributes["region"] == "us")
        #expect(resource.attributes[ResourceAttribute.hostName]?.stringValue?.isEmpty == false)
        #expect(resource.attributes[ResourceAttribute.sdkLanguage] == "swift")
        #expect(resource.schemaURL == "https://opentelemetry.io/schemas/1.44.0")
    }

    @Test("A tracer for a scope makes spans of that scope, its schema URL and attributes included")
    func scope() async throws {
        let bench = Bench()
        let scope = InstrumentationScope(
            name: "library", version: "1.2", attributes: ["a": 1], schemaURL: "https://example.org/1")
        bench.tracer.scoped(to: scope).startSpan("x").end()
        bench.tracer.startSpan("y").end()
        let spans = await bench.spans()
        #expect(spans[0].scope == scope && spans[1].scope.name == "throughline")
        #expect(spans[0].resource == spans[1].resource)
    }
}
