import FlowFixtures
import Testing
import ThroughlineModel
import ThroughlineOTLP

@Suite struct CodecTests {
    @Test(arguments: OTLP.Encoding.allCases)
    func `spans with everything come back as they were`(_ encoding: OTLP.Encoding) throws {
        var spans = RandomSpans(seed: 7)
        for size in [1, 2, 17, 400] {
            let records = spans.next(size)
            let read = try OTLP.decode(OTLP.encode(records, as: encoding), as: encoding)
            #expect(read.count == size)
            #expect(Set(read) == Set(records))
        }
    }

    @Test(arguments: OTLP.Encoding.allCases)
    func `spans are grouped by resource and scope, each said once, in the order of appearance`(
        _ encoding: OTLP.Encoding
    ) throws {
        let resource = Resource(attributes: ["service.name": "only-once-here"])
        var records: [SpanRecord] = []
        for number in 1...100 as ClosedRange<UInt64> {
            records.append(
                SpanRecord(
                    traceID: TraceID(high: 1, low: number), spanID: SpanID(number), name: "n",
                    start: Timestamp(nanosecondsSinceEpoch: 1), end: Timestamp(nanosecondsSinceEpoch: 2),
                    resource: number % 2 == 0 ? resource : Resource()))
        }
        let bytes = OTLP.encode(records, as: encoding)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.split(separator: "only-once-here", omittingEmptySubsequences: false).count == 2)
        #expect(
            try OTLP.decode(bytes, as: encoding).map(\.spanID.rawValue)
                == Array(stride(from: 1, through: 99, by: 2)) + Array(stride(from: 2, through: 100, by: 2)))
    }

    @Test(arguments: OTLP.Encoding.allCases)
    func `a span that has not ended is left out`(_ encoding: OTLP.Encoding) throws {
        let open = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "open",
            start: Timestamp(nanosecondsSinceEpoch: 1))
        #expect(try OTLP.decode(OTLP.encode([open], as: encoding), as: encoding).isEmpty)
        #expect(try OTLP.decode(OTLP.encode([], as: encoding), as: encoding).isEmpty)
    }

    @Test func `OTLP JSON has hexadecimal ids, numbers for enumerations and text for long numbers`() throws {
        let record = SpanRecord(
            traceID: TraceID(high: 0x5b8e_fff7_9803_8103, low: 0xd269_b633_813f_c60c),
            spanID: SpanID(0xeee1_9b7e_c3c1_b174),
            parentID: SpanID(0xeee1_9b7e_c3c1_b173), flags: [.sampled], name: "I'm a server span", kind: .server,
            start: Timestamp(nanosecondsSinceEpoch: 1_544_712_660_000_000_000),
            end: Timestamp(nanosecondsSinceEpoch: 1_544_712_661_000_000_000),
            attributes: ["my.span.attr": "some value", "count": 7, "share": .double(.nan)])
        let json = String(decoding: OTLP.encode([record], as: .json), as: UTF8.self)
        #expect(json.contains(#""traceId":"5b8efff798038103d269b633813fc60c""#))
        #expect(json.contains(#""spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173""#))
        #expect(json.contains(#""kind":2"#))
        #expect(json.contains(#""startTimeUnixNano":"1544712660000000000""#))
        #expect(json.contains(#"{"key":"count","value":{"intValue":"7"}}"#))
        #expect(json.contains(#"{"doubleValue":"NaN"}"#))
        #expect(json.contains(#""flags":257"#))
    }

    /// The example of opentelemetry-proto (examples/trace.json), with what other senders do differently.
    @Test func `OTLP JSON of other senders is read`() throws {
        let json = """
            { "resourceSpans": [ { "resource": { "attributes": [ { "key": "service.name",
              "value": { "stringValue": "my.service" } } ], "unknown": {"a": [1, 2, {}]} },
              "scopeSpans": [ { "scope": { "name": "my.library", "version": "1.0.0", "attributes": null },
              "spans": [ { "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
              "parentSpanId": "", "name": "I\\u0027m \\ud83d\\ude80", "startTimeUnixNano": 1544712660000000000,
              "endTimeUnixNano": "1544712661000000000", "kind": "SPAN_KIND_CONSUMER", "status": null,
              "attributes": [ {"key": "n", "value": {"intValue": 5}}, {"key": "none", "value": {}},
                              {"key": "d", "value": {"doubleValue": 1}}, {"key": "b", "value": {"bytesValue": "AQI="}} ]
              }, { "traceId": "W47/95gDgQPSabYzgT/GDA==", "spanId": "7uGbfsPBsXQ=", "name": "base64" } ] } ] } ] }
            """
        let records = try OTLP.decode(Array(json.utf8), as: .json)
        #expect(records.count == 2)
        #expect(records[0].traceID.hex == "5b8efff798038103d269b633813fc60c")
        #expect(records[0].parentID == nil)
        #expect(records[0].name == "I'm 🚀")
        #expect(records[0].kind == .consumer)
        #expect(records[0].start.nanosecondsSinceEpoch == 1_544_712_660_000_000_000)
        #expect(records[0].attributes == ["n": 5, "d": 1.0, "b": .bytes([1, 2])])
        #expect(records[0].resource.serviceName == "my.service")
        #expect(records[0].scope.version == "1.0.0")
        #expect(records[1].traceID == records[0].traceID)
        #expect(records[1].spanID == records[0].spanID)
    }

    @Test(arguments: [
        ("{", "expected"), ("[]", "expected '{'"), (#"{"resourceSpans": 5}"#, "expected '['"),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}"#, "no valid trace id"),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}"#, "'zz' is no trace id"),
        (#"{"resourceSpans":[]} x"#, "behind the end"), ("", "expected '{'"),
        (#"{"a": "\q"}"#, "an escape that JSON does not know"),
    ])
    func `JSON that is no request says what is wrong and where`(_ json: String, _ reason: String) {
        #expect {
            _ = try OTLP.decode(Array(json.utf8), as: .json)
        } throws: { error in
            "\(error)".contains(reason) && "\(error)".contains("at byte")
        }
    }

    @Test(arguments: [
        ([0x0A], "in the middle"), ([0x0A, 0x7F], "longer than what is left"), ([0x00], "tag is invalid"),
        ([0x0A, 0x02, 0x12, 0x05], "longer than what is left"),
        ([UInt8](repeating: 0xFF, count: 12), "more than ten bytes"), ([0x0C], "tag is invalid"),
    ])
    func `protobuf that is no request says what is wrong and where`(_ bytes: [UInt8], _ reason: String) {
        #expect {
            _ = try OTLP.decode(bytes)
        } throws: { error in
            "\(error)".contains(reason) && "\(error)".contains("at byte")
        }
    }

    @Test func `values that are nested too deep are refused`() {
        var value = AttributeValue.string("x")
        for _ in 0..<100 { value = .array([value]) }
        let record = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "n", start: Timestamp(nanosecondsSinceEpoch: 1),
            end: Timestamp(nanosecondsSinceEpoch: 2), attributes: ["deep": value])
        for encoding in OTLP.Encoding.allCases {
            #expect(throws: OTLPError.self) {
                _ = try OTLP.decode(OTLP.encode([record], as: encoding), as: encoding)
            }
        }
        let json = String(repeating: "[", count: 100_000)
        #expect(throws: OTLPError.self) { _ = try OTLP.decode(Array("{\"x\":\(json)".utf8), as: .json) }
    }

    /// OTLP forbids it, and a sender that does it all the same must not get a span that has two answers.
    @Test(arguments: OTLP.Encoding.allCases, [5, 300])
    func `a key that stands twice keeps its last value`(_ encoding: OTLP.Encoding, _ count: Int) throws {
        let keys = (0..<count).map { "messaging.key.\($0)" } + ["k\u{E9}", "messaging.key.3", "ke\u{301}"]
        let doubled = Attributes(
            uniqueElements: keys.enumerated().map { .init(key: $0.element, value: .int(Int64($0.offset))) })
        var expected = Attributes()
        for element in doubled { expected[element.key] = element.value }
        var plain: Attributes = ["messaging.key.3": "alone"]
        plain["map"] = .map(doubled)
        let records = [doubled, doubled, plain].enumerated().map { index, attributes in
            SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64(index) + 1), name: "n",
                start: Timestamp(nanosecondsSinceEpoch: 1), end: Timestamp(nanosecondsSinceEpoch: 2),
                attributes: attributes,
                events: [SpanEvent(name: "e", time: Timestamp(nanosecondsSinceEpoch: 1), attributes: doubled)],
                resource: Resource(attributes: doubled))
        }
        let read = try OTLP.decode(OTLP.encode(records, as: encoding), as: encoding)
        #expect(read.count == 3)
        for record in read {
            #expect(record.resource.attributes.map(\.key) == expected.map(\.key))
            #expect(record.events.map(\.attributes) == [expected])
        }
        for record in read.prefix(2) { #expect(record.attributes.elementsEqual(expected)) }
        #expect(read.last?.attributes == ["messaging.key.3": "alone", "map": .map(expected)])
    }

    /// The decoder remembers the span before, which must not show in the next one.
    @Test func `spans that differ in every way from the one before are read as they are`() throws {
        let keys = (0..<400).map { "key.\($0)" } + ["messaging.system", "a", ""]
        var random = SeededGenerator(seed: 23)
        let records = (1...3_000 as ClosedRange<UInt64>).map { number in
            var attributes = Attributes()
            for _ in 0..<random.next() % 12 {
                let key = keys[Int(random.next() % UInt64(number < 1_000 ? 8 : keys.count))]
                attributes[key] =
                    [.string("same"), .int(7), .string("\(number)"), .map(["a": 1])][
                        Int(random.next() % 4)]
            }
            return SpanRecord(
                traceID: TraceID(high: 1, low: number), spanID: SpanID(number), name: "name \(number / 3)",
                start: Timestamp(nanosecondsSinceEpoch: 1), end: Timestamp(nanosecondsSinceEpoch: 2),
                attributes: attributes)
        }
        let read = try OTLP.decode(OTLP.encode(records))
        #expect(read == records)
        #expect(zip(read, records).allSatisfy { $0.attributes.elementsEqual($1.attributes) })
    }

    /// What spans have in common may stand behind them.
    @Test func `a resource and a scope behind their spans are theirs all the same`() throws {
        func field(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag, UInt8(content.count)] + content }
        func name(_ key: String, _ value: String) -> [UInt8] {
            field(0x0A, Array(key.utf8)) + field(0x12, field(0x0A, Array(value.utf8)))
        }
        let span = field(
            0x12, field(0x0A, [UInt8](repeating: 1, count: 16)) + field(0x12, [UInt8](repeating: 2, count: 8)))
        let scope = field(0x0A, field(0x0A, Array("library".utf8)))
        let resource = field(0x0A, field(0x0A, name("service.name", "late")))
        let bytes = field(0x0A, field(0x12, span + scope + span + field(0x1A, Array("s".utf8))) + resource)
        let read = try OTLP.decode(bytes)
        #expect(read.count == 2)
        for record in read {
            #expect(record.resource == Resource(attributes: ["service.name": "late"]))
            #expect(record.scope == InstrumentationScope(name: "library", schemaURL: "s"))
        }
    }

    @Test func `unknown fields are skipped`() throws {
        var spans = RandomSpans(seed: 3)
        let records = spans.next(1)
        // Field 90 of each kind, before and behind.
        let unknown: [UInt8] = [
            0xD0, 0x05, 0x01, 0xD1, 0x05, 1, 2, 3, 4, 5, 6, 7, 8, 0xD2, 0x05, 0x01, 0x00, 0xD5, 0x05, 1, 2, 3, 4,
        ]
        #expect(try OTLP.decode(unknown + OTLP.encode(records) + unknown) == records)
    }

    @Test(arguments: OTLP.Encoding.allCases)
    func `partial success and statuses are read and written`(_ encoding: OTLP.Encoding) throws {
        let partial = OTLPResponse(rejectedSpans: 3, message: "too \"old\"")
        #expect(try OTLPResponse(partial.encoded(as: encoding), as: encoding) == partial)
        #expect(try OTLPResponse(OTLPResponse().encoded(as: encoding), as: encoding) == OTLPResponse())
        #expect(
            OTLPStatus(reading: OTLPStatus(message: "bad data").encoded(as: encoding), as: encoding).message
                == "bad data")
        #expect(OTLPStatus(reading: Array("<html>502</html>".utf8), as: encoding).message.contains("502"))
    }
}
