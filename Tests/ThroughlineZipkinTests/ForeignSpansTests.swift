import Testing
import ThroughlineModel
import ThroughlineZipkin

/// What other tracers write, in the forms that Zipkin's API documents.
@Suite struct ForeignSpansTests {
    /// A server's span as Brave reports it, with every field of the API.
    @Test func `a span of another tracer is read with all its fields`() throws {
        let decoded = try decode(
            """
            [{"id": "352BFF9A74CA9AD2", "traceId": "5af7183fb1d4cf5f", "parentId": "6b221d5bc9e6496c",
              "name": "get /api", "timestamp": 1556604172355737, "duration": 1431, "kind": "SERVER",
              "localEndpoint": {"serviceName": "backend", "ipv4": "192.168.99.1", "port": 3306},
              "remoteEndpoint": {"ipv6": "2001:db8::c001", "port": 58648},
              "annotations": [{"timestamp": 1556604172356000, "value": "ws"}],
              "tags": {"http.method": "GET", "http.status_code": "200", "count": 5, "ready": true, "nothing": null},
              "debug": true, "somethingNew": {"a": [1, {"b": null}]}}]
            """)
        #expect(decoded.problems.isEmpty)
        let span = try #require(decoded.spans.first)
        #expect(span.traceID == TraceID(high: 0, low: 0x5AF7_183F_B1D4_CF5F))
        #expect(span.spanID == SpanID(0x352B_FF9A_74CA_9AD2))
        #expect(span.parentID == SpanID(0x6B22_1D5B_C9E6_496C))
        #expect(span.name == "get /api" && span.kind == .server && span.flags == .sampled)
        #expect(span.start.nanosecondsSinceEpoch == 1_556_604_172_355_737_000)
        #expect(span.duration == 1_431_000)
        #expect(span.resource.serviceName == "backend")
        #expect(
            span.events == [SpanEvent(name: "ws", time: Timestamp(nanosecondsSinceEpoch: 1_556_604_172_356_000_000))])
        #expect(
            span.attributes == [
                "http.method": "GET", "http.status_code": 200, "count": "5", "ready": "true",
                "network.peer.address": "2001:db8::c001", "network.peer.port": 58_648,
                "network.local.address": "192.168.99.1", "network.local.port": 3_306, "zipkin.debug": true,
            ])
    }

    @Test(
        arguments: [
            ("463ac35c9f6413ad48485a3953bb6124", 0x463A_C35C_9F64_13AD, 0x4848_5A39_53BB_6124),
            ("463AC35C9F6413AD48485A3953BB6124", 0x463A_C35C_9F64_13AD, 0x4848_5A39_53BB_6124),
            ("48485a3953bb6124", 0, 0x4848_5A39_53BB_6124), ("1", 0, 1),
            ("00000000000000000000000000000abc", 0, 0xABC), ("1463ac35c9f6413ad", 1, 0x463A_C35C_9F64_13AD),
        ] as [(String, UInt64, UInt64)])
    func `trace ids have 64 or 128 bits, in either case, with or without zeros before`(
        _ text: String, _ high: UInt64, _ low: UInt64
    ) throws {
        let span = try #require(try decode(#"{"traceId":"\#(text)","id":"a","timestamp":1}"#).spans.first)
        #expect(span.traceID == TraceID(high: high, low: low))
        #expect(span.spanID == SpanID(10))
    }

    @Test func `a span has what is there, and nothing else`() throws {
        let span = try #require(try decode(#"{"traceId":"1","id":"2","timestamp":"3"}"#).spans.first)
        #expect(
            span
                == SpanRecord(
                    traceID: TraceID(high: 0, low: 1), spanID: SpanID(2), name: "", kind: .internal,
                    start: Timestamp(nanosecondsSinceEpoch: 3_000)))
        // No parent, whatever way a tracer says so.
        for parent in ["null", "\"\"", "\"0000000000000000\"", "\"2\""] {
            let json =
                #"{"traceId":"1","id":"2","timestamp":3.0,"parentId":\#(parent),"kind":null,"name":null,"tags":null}"#
            #expect(try decode(json).spans == [span])
        }
    }

    @Test func `lists, single spans and lists of traces are read`() throws {
        let span = #"{"traceId":"1","id":"2","timestamp":3,"duration":4}"#
        #expect(try decode(span).spans.count == 1)
        #expect(try decode(" [\(span), \(span)]\n").spans.count == 2)
        #expect(try decode("[[\(span)],[],[\(span)]]").spans.count == 2)
        #expect(try decode("[]").spans.isEmpty)
    }

    @Test func `a message that nothing is said to have taken long is sent at one moment; a call has not ended`() throws
    {
        for (kind, hasEnded) in [("PRODUCER", true), ("CONSUMER", true), ("CLIENT", false), ("SERVER", false)] {
            let json = #"{"traceId":"1","id":"2","kind":"\#(kind)","timestamp":3}"#
            let span = try #require(try decode(json).spans.first)
            #expect(span.end == (hasEnded ? span.start : nil))
        }
    }

    /// The same id on both sides of a call (B3's shared spans), with and without the flag.
    @Test(arguments: [#""shared":true,"#, ""])
    func `a shared span becomes two, the server's below the client's`(_ flag: String) throws {
        let json = """
            [{"traceId":"1","id":"2","kind":"CLIENT","timestamp":10,"duration":90,"localEndpoint":{"serviceName":"web"}},
             {"traceId":"1","id":"2",\(flag)"kind":"SERVER","timestamp":20,"duration":50,
              "localEndpoint":{"serviceName":"api"}},
             {"traceId":"1","id":"3","parentId":"2","timestamp":30,"duration":1,"localEndpoint":{"serviceName":"api"}},
             {"traceId":"1","id":"4","parentId":"2","timestamp":95,"duration":1,"localEndpoint":{"serviceName":"web"}}]
            """
        let spans = try decode(json).spans
        #expect(Set(spans.map(\.spanID)).count == 4)
        #expect(spans[0].spanID == SpanID(2) && spans[0].parentID == nil)
        #expect(spans[1].parentID == SpanID(2) && spans[1].parentIsRemote)
        #expect(spans[1].attributes["zipkin.shared"] == true)
        // The server's child hangs below the server's side, the client's below the client's.
        #expect(spans[2].parentID == spans[1].spanID)
        #expect(spans[3].parentID == SpanID(2))
        // The id is the same wherever it is read.
        #expect(try decode(json).spans == spans)
        #expect(spans[1].spanID.hex == "881fcaf955499c24")
    }

    @Test func `a shared span whose other side is elsewhere names it as its parent`() throws {
        let spans = try decode(
            """
            [{"traceId":"1","id":"2","parentId":"9","shared":true,"kind":"CONSUMER","timestamp":20,
              "localEndpoint":{"serviceName":"billing"}},
             {"traceId":"1","id":"2","parentId":"9","shared":true,"kind":"CONSUMER","timestamp":20,
              "localEndpoint":{"serviceName":"shipping"}}]
            """
        ).spans
        #expect(spans.map(\.parentID) == [SpanID(2), SpanID(2)])
        #expect(spans[0].spanID != spans[1].spanID && !spans.contains { $0.spanID == SpanID(2) })
        // Should that side never come, this is where it hung.
        #expect(spans.map { $0.attributes["zipkin.parent_id"] } == ["0000000000000009", "0000000000000009"])
    }

    @Test func `spans without a time take that of an annotation, of their parent or of their trace`() throws {
        let decoded = try decode(
            """
            [{"traceId":"1","id":"1","annotations":[{"timestamp":7,"value":"b"},{"timestamp":5,"value":"a"}]},
             {"traceId":"1","id":"2","timestamp":9,"duration":1},
             {"traceId":"1","id":"3","parentId":"2","tags":{"late":"yes"}},
             {"traceId":"1","id":"4","parentId":"77","duration":3},
             {"traceId":"2","id":"5"},
             {"traceId":"1","id":"6","timestamp":20}]
            """)
        #expect(decoded.spans.map(\.start.nanosecondsSinceEpoch) == [5_000, 9_000, 9_000, 5_000, 20_000])
        #expect(
            decoded.spans.map { $0.attributes["zipkin.time_inferred"] == true } == [false, false, true, true, false])
        #expect(decoded.spans[3].duration == 3_000)
        #expect(decoded.problems.map(\.index) == [4])
        #expect(decoded.problems.first?.reason.contains("no timestamp") == true)
    }

    @Test func `a broken element is named, and the others are read`() throws {
        let decoded = try decode(
            """
            [{"traceId":"1","id":"1","timestamp":1}, 5, {"traceId":"xyz","id":"1"}, {"traceId":"1"},
             {"id":"1"}, {"traceId":"1","id":"0","timestamp":1}, {"traceId":"1","id":"1","timestamp":-5},
             {"traceId":"1","id":"1","timestamp":1e30}, {"traceId":"1","id":"11111111111111111"},
             {"traceId":"1","id":"1","tags":[1]}, null, {"traceId":"1","id":"1","timestamp":"soon"},
             {"traceId":"1","id":"2","timestamp":2}]
            """)
        #expect(decoded.spans.map(\.spanID) == [SpanID(1), SpanID(2)])
        #expect(decoded.problems.map(\.index) == Array(1...11))
        #expect(decoded.brokenCount == 11)
        let reasons = decoded.problems.map(\.description)
        #expect(reasons[0].contains("element 1: a span must be an object at byte"))
        #expect(reasons[1].contains("'xyz' is no trace id"))
        #expect(reasons[2].contains("no valid span id"))
        #expect(reasons[3].contains("no valid trace id"))
        #expect(reasons[5].contains("'-5' is no timestamp"))
        #expect(reasons[7].contains("is no span id"))
        #expect(reasons[10].contains("'soon' is no timestamp"))
    }

    @Test func `problems are counted, and the first hundred told`() throws {
        let decoded = try decode("[" + Array(repeating: "1", count: 5_000).joined(separator: ",") + "]")
        #expect(decoded.problems.count == 100 && decoded.brokenCount == 5_000)
    }

    @Test(arguments: ["", "[", "[{]", #"[{"traceId":"1","id":"2","timestamp":3}"#, "hello", #"[{"a":"\q"}]"#, "[] []"])
    func `what is no JSON says where`(_ json: String) {
        #expect {
            _ = try decode(json)
        } throws: {
            "\($0)".contains("at byte")
        }
    }

    /// The ways in which tracers say that something failed.
    @Test(arguments: [
        (#""error":"timed out""#, SpanStatus.error("timed out")), (#""error":"""#, .error()),
        (#""error":"true""#, .error()), (#""error":"false""#, .unset), (#""otel.status_code":"OK""#, .ok),
        (#""otel.status_code":"ERROR","error":"boom""#, .error("boom")),
        (#""otel.status_code":"STATUS_CODE_ERROR","otel.status_description":"boom","error":"true""#, .error("boom")),
        (#""x":"y""#, .unset),
    ])
    func `failure is read however it is said`(_ tags: String, _ status: SpanStatus) throws {
        let span = try #require(try decode(#"{"traceId":"1","id":"2","timestamp":3,"tags":{\#(tags)}}"#).spans.first)
        #expect(span.status == status)
        #expect(span.attributes["error"] == nil)
    }

    /// Events, links and trace state as OpenTelemetry's Java, Python and Collector write them.
    @Test func `events and links of OpenTelemetry's exporters are read`() throws {
        let link = #"80f198ee56343ba864fe8b2a57d3eff7|e457b5a2e4d86bd1|a=b|{\"n\":1}|2"#
        let span = try #require(
            try decode(
                """
                {"traceId":"1","id":"2","timestamp":3,"annotations":[
                  {"timestamp":4,"value":"\\"java\\":{\\"k\\":\\"v\\"}"},
                  {"timestamp":5,"value":"{\\"python\\": {\\"n\\": 1, \\"f\\": 1.5, \\"b\\": true}}"},
                  {"timestamp":6,"value":"collector|{\\"k\\":\\"a|b\\"}|3"},{"timestamp":7,"value":"{not json"}],
                 "tags":{"otlp.link.0":"\(link)","w3c.tracestate":"x=y",
                         "otel.library.name":"lib","otel.scope.version":"1.2","service.namespace":"shop",
                         "otel.dropped_events_count":"4"}}
                """
            ).spans.first)
        #expect(span.events.map(\.name) == ["java", "python", "collector", "{not json"])
        #expect(span.events[0].attributes == ["k": "v"])
        #expect(span.events[1].attributes == ["n": 1, "f": 1.5, "b": true])
        #expect(span.events[2].attributes == ["k": "a|b"] && span.events[2].droppedAttributes == 3)
        #expect(span.links.map(\.context.traceID.hex) == ["80f198ee56343ba864fe8b2a57d3eff7"])
        #expect(span.links.map(\.context.spanID.hex) == ["e457b5a2e4d86bd1"])
        #expect(span.links.first?.attributes == ["n": 1] && span.links.first?.droppedAttributes == 2)
        #expect(span.traceState.header == "x=y")
        #expect(span.scope == InstrumentationScope(name: "lib", version: "1.2"))
        #expect(span.resource.attributes == ["service.namespace": "shop"])
        #expect(span.dropped.events == 4 && span.attributes.isEmpty)
    }

    @Test func `the other side is a peer service, unless a tag says which`() throws {
        func peer(_ tags: String) throws -> AttributeValue? {
            try decode(
                #"{"traceId":"1","id":"2","timestamp":3,"remoteEndpoint":{"serviceName":"kafka"},"tags":{\#(tags)}}"#
            ).spans.first?.attributes["peer.service"]
        }
        #expect(try peer("") == "kafka")
        #expect(try peer(#""peer.service":"broker""#) == "broker")
    }

    @Test func `a key that stands twice counts once`() throws {
        let many = (0..<200).map { "\"k\($0 % 100)\":\"\($0)\"" }.joined(separator: ",")
        for tags in [#""a":"1","a":"2""#, many] {
            let span = try #require(
                try decode(#"{"traceId":"1","id":"2","timestamp":3,"tags":{\#(tags)}}"#).spans.first)
            #expect(Set(span.attributes.map(\.key)).count == span.attributes.count)
            #expect(span.attributes.last?.value == (tags.count < 20 ? "2" : "199"))
        }
    }

    private func decode(_ json: String) throws -> Zipkin.Decoded { try Zipkin.decode(Array(json.utf8)) }
}
