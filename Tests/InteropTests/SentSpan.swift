import Foundation
import ThroughlineModel

/// A span as Tests/Interop/sender.py says that it sent it, and the same of one that we stored: what both know.
struct SentSpan: Hashable, Decodable {
    /// Whatever JSON has; a whole number and the same with a fraction are one.
    enum Value: Hashable, Decodable {
        case text(String)
        case number(Double)
        case texts([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .texts(try container.decode([String].self))
            }
        }

        init?(_ value: AttributeValue) {
            switch value {
            case .string(let text): self = .text(text)
            case .int(let number): self = .number(Double(number))
            case .double(let number): self = .number(number)
            case .bool(let flag): self = .text("\(flag)")
            default:
                guard let texts = value.stringArrayValue else { return nil }
                self = .texts(texts)
            }
        }
    }

    var trace: String
    var span: String
    var parent: String?
    var name: String
    var kind: Int
    var start: UInt64
    var end: UInt64
    var service: String
    var scope: String
    var status: Int
    var message: String?
    var attributes: [String: Value]
    var events: [Event]
    var links: [Link]

    struct Event: Hashable, Decodable {
        var name: String
        var time: UInt64
        var attributes: [String: Value]

        init(_ event: SpanEvent) {
            name = event.name
            time = event.time.nanosecondsSinceEpoch
            attributes = SentSpan.values(event.attributes)
        }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            name = try list.decode(String.self)
            time = try list.decode(UInt64.self)
            attributes = try list.decode([String: Value].self)
        }
    }

    struct Link: Hashable, Decodable {
        var trace: String
        var span: String
        var attributes: [String: Value]

        init(_ link: SpanLink) {
            trace = link.context.traceID.hex
            span = link.context.spanID.hex
            attributes = SentSpan.values(link.attributes)
        }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            trace = try list.decode(String.self)
            span = try list.decode(String.self)
            attributes = try list.decode([String: Value].self)
        }
    }

    /// Reads the lines that the script has printed.
    static func set(_ lines: String) throws -> Set<SentSpan> {
        try Set(lines.split(separator: "\n").map { try JSONDecoder().decode(SentSpan.self, from: Data($0.utf8)) })
    }

    init(_ record: SpanRecord) {
        trace = record.traceID.hex
        span = record.spanID.hex
        parent = record.parentID?.hex
        name = record.name
        kind = record.kind.rawValue
        start = record.start.nanosecondsSinceEpoch
        end = record.end?.nanosecondsSinceEpoch ?? 0
        service = record.resource.serviceName ?? ""
        scope = record.scope.name
        status = record.status.code.rawValue
        message = record.status.message
        attributes = Self.values(record.attributes)
        events = record.events.map { Event($0) }
        links = record.links.map { Link($0) }
    }

    private static func values(_ attributes: Attributes) -> [String: Value] {
        Dictionary(attributes.compactMap { element in Value(element.value).map { (element.key, $0) } }) { $1 }
    }

    /// What is left of it in Zipkin's format: times to the nearest microsecond, values as text, no links. The exporter
    /// marks each span as debugged, which is left out.
    var inZipkin: SentSpan {
        var span = self
        span.start = Self.microseconds(start)
        span.end = span.start + Self.microseconds(end - start)
        span.links = []
        span.attributes = attributes.filter { $0.key != "zipkin.debug" }.mapValues { Self.text($0) }
        span.events = events.map { event in
            var event = event
            event.time = Self.microseconds(event.time)
            event.attributes = event.attributes.mapValues { Self.text($0) }
            return event
        }
        return span
    }

    private static func microseconds(_ nanoseconds: UInt64) -> UInt64 { (nanoseconds + 500) / 1_000 * 1_000 }

    private static func text(_ value: Value) -> Value {
        switch value {
        case .text: value
        case .number(let number): .text(number == number.rounded() ? "\(Int(number))" : "\(number)")
        case .texts(let texts): .text("[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]")
        }
    }
}
