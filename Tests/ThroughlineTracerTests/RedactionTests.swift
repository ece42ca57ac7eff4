import Testing
import ThroughlineModel
import ThroughlineTracer
import Tracing

@Suite("Redaction")
struct RedactionTests {
    private func recorded(
        _ rules: [Redaction.Rule], baggage: [String] = [], _ body: (RecordingSpan) -> Void
    ) async throws -> SpanRecord {
        let bench = Bench {
            $0.redaction = Redaction(rules)
            $0.recordedBaggage = baggage
        }
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        context.baggage["session.token"] = "s3cret"
        let span = bench.tracer.startSpan("work", context: context)
        body(span)
        span.end()
        return try #require(await bench.spans().first)
    }

    @Test("Drop, replace, hash; by name or with a star; the first rule counts; everything else stays")
    func actions() async throws {
        let record = try await recorded([
            .drop("user.password"), .replace("user.email"), .hash("user.id", salt: "pepper"),
            .replace("user.*", with: "x"),
        ]) { span in
            span.updateAttributes {
                $0.set("user.password", value: .string("hunter2"))
                $0.set("user.email", value: .string("a@example.org"))
                $0.set("user.id", value: .int64(42))
                $0.set("user.name", value: .stringArray(["A", "B"]))
                $0.set("order.id", value: .int64(7))
            }
        }
        #expect(record.attributes["user.password"] == nil)
        #expect(record.attributes["user.email"] == "[redacted]")
        // printf %s pepper42 | sha256sum
        #expect(record.attributes["user.id"] == "93ca73bec2907ec825519db1f7ee28cb")
        #expect(record.attributes["user.name"] == "x")
        #expect(record.attributes["order.id"] == 7)
    }

    @Test("Events, links and the status of a failure too")
    func everywhere() async throws {
        struct Failure: Error {}
        let record = try await recorded([.drop("token"), .replace("exception.message", with: "-")]) { span in
            span.addEvent(Tracing.SpanEvent(name: "e", attributes: ["token": "t", "kept": 1]))
            span.addLink(Tracing.SpanLink(context: span.context, attributes: ["token": "t"]))
            span.recordError(Failure())
            span.setStatus(Tracing.SpanStatus(code: .error, message: "Failure of s3cret"))
        }
        #expect(record.events[0].attributes == ["kept": 1] && record.links[0].attributes.isEmpty)
        #expect(record.events[1].attributes["exception.message"] == "-")
        #expect(record.status == .error("-"))
    }

    @Test("Baggage is not recorded unless its keys are named, and then redaction holds for it too")
    func baggage() async throws {
        let none = try await recorded([]) { _ in }
        #expect(none.attributes.isEmpty)
        let some = try await recorded([.drop("*.token")], baggage: ["*"]) { _ in }
        #expect(some.attributes == ["tenant": "acme"])
    }

    @Test("A resource's attributes, once")
    func resource() async throws {
        let sink = InMemorySink()
        let pipeline = SpanPipeline(sink: sink)
        var configuration = RecordingTracer.Configuration()
        configuration.redaction = Redaction([.hash("host.name", salt: "pepper")])
        let resource = Resource(attributes: ["host.name": "42"])
        let tracer = RecordingTracer(pipeline: pipeline, resource: resource, configuration: configuration)
        tracer.startSpan("a").end()
        tracer.scoped(to: InstrumentationScope(name: "library")).startSpan("b").end()
        _ = await pipeline.flush()
        #expect(
            sink.records.map { $0.resource.attributes["host.name"] } == [
                "93ca73bec2907ec825519db1f7ee28cb", "93ca73bec2907ec825519db1f7ee28cb",
            ])
    }

    @Test(
        "The hash is SHA-256",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb924"), ("abc", "ba7816bf8f01cfea414140de5dae2223"),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039"),
            (String(repeating: "a", count: 1_000), "41edece42d63e8d9bf515a9ba6932e1c"),
        ])
    func hash(text: String, digits: String) {
        let redacted = Redaction([.hash("a", salt: "")]).apply(to: ["a": .string(text)])
        #expect(redacted["a"] == .string(digits))
    }
}
