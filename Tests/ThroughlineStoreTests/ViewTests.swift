import FlowFixtures
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("The views for people")
struct ViewTests {
    private func rows(_ sql: String, at path: String, columns: Int32) throws -> [[String?]] {
        let select = try Connection(path: path, mode: .readOnly).prepare(sql)
        var rows: [[String?]] = []
        while try select.step() { rows.append((0..<columns).map { select.optionalText($0) }) }
        return rows
    }

    private let message = "01990000-0000-7000-8000-00000000abcd"

    private var sender: SpanRecord {
        var record = span(
            0xFEDC_BA98_7654_3210, trace: 1, at: 5, takes: 3,
            [
                MessagingAttribute.operationType: "send", MessagingAttribute.destinationName: "orders",
                MessagingAttribute.messageID: .string(message), MessagingAttribute.conversationID: "order-42",
                ThroughlineAttribute.messageType: "OrderPlaced", "order.id": "42",
            ])
        record.kind = .producer
        return record
    }

    private var handler: SpanRecord {
        var record = span(
            2, trace: 2, parent: 1, at: 9, takes: 1,
            [
                MessagingAttribute.operationType: "process", MessagingAttribute.messageID: .string(message),
                ThroughlineAttribute.attempt: 1,
            ],
            links: [
                SpanLink(
                    context: SpanContext(traceID: trace(1), spanID: sender.spanID),
                    attributes: [ThroughlineAttribute.linkType: "creation", "x": 1])
            ], service: "billing", status: .error("no money"))
        record.kind = .consumer
        return record
    }

    @Test("show spans with hexadecimal ids, ISO times and complete attributes")
    func spans() throws {
        let scratch = try Scratch()
        try store([sender, handler, span(3, takes: nil)], at: scratch.path())
        let columns = "trace_id, span_id, parent_id, service, kind, time, duration_ms, status, message_id, attributes"
        let rows = try rows("SELECT \(columns) FROM spans_view ORDER BY id", at: scratch.path(), columns: 10)
        #expect(
            rows.first?.dropLast() == [
                "00000000000001980000000000000001", "fedcba9876543210", nil, "orders", "producer",
                sender.start.iso8601, "3.0", "unset", message,
            ])
        let json = rows.first?.last ?? nil
        let attributes = json.map { Array($0.utf8) }?.withUnsafeBufferPointer(AttributeJSONParser.attributes)
        #expect(attributes == sender.attributes)
        let open = try self.rows("SELECT span_id, duration_ms FROM open_view", at: scratch.path(), columns: 2)
        #expect(open == [["0000000000000003", nil]])
    }

    @Test("show links and messages with names in place of numbers")
    func linksAndMessages() throws {
        let scratch = try Scratch()
        try store([sender, handler], at: scratch.path())
        let links = try rows(
            "SELECT span_id, type, target_trace_id, target_span_id, attributes FROM links_view", at: scratch.path(),
            columns: 5)
        #expect(
            links == [
                [
                    "0000000000000002", "creation", trace(1).hex, "fedcba9876543210",
                    #"{"x":1,"throughline.link.type":"creation"}"#,
                ]
            ])
        let messages = try rows(
            "SELECT message_id, type, destination, correlation_id, sent_by, handled_by, attempts, errors FROM messages_view",
            at: scratch.path(), columns: 8)
        #expect(messages == [[message, "OrderPlaced", "orders", "order-42", "orders", "billing", "1", "1"]])
    }
}
