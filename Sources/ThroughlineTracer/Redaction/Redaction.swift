public import ThroughlineModel

/// What must not reach a store or a collector, by the names of attributes.
///
/// ```swift
/// configuration.redaction = Redaction([
///     .drop("*.password"), .replace("customer.email"), .hash("customer.id", salt: salt),
/// ])
/// ```
///
/// The rules are applied to the attributes of spans, events, links and the resource, on the pipeline's thread, before
/// any sink sees a record. What a rule says of `exception.message` holds for the message of a failed span's status too,
/// which is the same text. The first rule that fits a name counts. What a span of another tracing backend holds, beside
/// which a ``TeeTracer`` records, is that backend's own.
public struct Redaction: Sendable {
    /// Names, and what is done with what they name.
    public struct Rule: Sendable {
        enum Action: Sendable {
            case drop
            case replace(String)
            case hash(salt: String)
        }

        let names: Wildcard
        let action: Action

        /// Leaves the attribute out.
        ///
        /// - Parameter name: The name of the attribute; `*` stands for any text.
        public static func drop(_ name: String) -> Rule { Rule(names: Wildcard(name), action: .drop) }

        /// Puts a text in the place of the value.
        ///
        /// - Parameters:
        ///   - name: The name of the attribute; `*` stands for any text.
        ///   - text: What stands there instead.
        public static func replace(_ name: String, with text: String = "[redacted]") -> Rule {
            Rule(names: Wildcard(name), action: .replace(text))
        }

        /// Puts a hash in the place of the value, so that equal values can still be told from others: the first 32
        /// hexadecimal digits of SHA-256 over the salt and the value. Whoever knows the salt can try values; keep it as
        /// secret as the values are.
        ///
        /// - Parameters:
        ///   - name: The name of the attribute; `*` stands for any text.
        ///   - salt: The same wherever hashes are to be comparable.
        public static func hash(_ name: String, salt: String) -> Rule {
            Rule(names: Wildcard(name), action: .hash(salt: salt))
        }
    }

    private let rules: [Rule]

    /// Makes redaction of rules; none leave everything as it is.
    public init(_ rules: [Rule] = []) {
        self.rules = rules
    }

    /// True when there is nothing to do.
    public var isEmpty: Bool { rules.isEmpty }

    /// The attributes with the rules applied.
    public func apply(to attributes: Attributes) -> Attributes {
        guard attributes.contains(where: { rule(for: $0.key) != nil }) else { return attributes }
        var redacted = Attributes()
        redacted.reserveCapacity(attributes.count)
        for element in attributes {
            let value = apply(rule(for: element.key), to: element.value)
            if let value { redacted.appendUnique(element.key, value) }
        }
        return redacted
    }

    /// A record with the rules applied to all that it holds.
    func apply(to record: inout SpanRecord) {
        record.attributes = apply(to: record.attributes)
        for index in record.events.indices {
            record.events[index].attributes = apply(to: record.events[index].attributes)
        }
        for index in record.links.indices { record.links[index].attributes = apply(to: record.links[index].attributes) }
        if let message = record.status.message {
            let value = apply(rule(for: "exception.message"), to: .string(message))
            record.status = .error(value?.stringValue)
        }
    }

    private func rule(for name: String) -> Rule? { rules.first { $0.names.fits(name) } }

    private func apply(_ rule: Rule?, to value: AttributeValue) -> AttributeValue? {
        switch rule?.action {
        case nil: value
        case .drop: nil
        case .replace(let text): .string(text)
        case .hash(let salt): .string(String(SHA256.hex(of: salt + value.plainText).prefix(32)))
        }
    }
}

extension AttributeValue {
    /// The value as text, for hashing: the same value gives the same text in every process.
    fileprivate var plainText: String {
        switch self {
        case .string(let value): value
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .bytes(let value): value.map { "\($0)" }.joined(separator: " ")
        case .array(let values): "[" + values.map(\.plainText).joined(separator: ",") + "]"
        case .map(let values):
            "{" + values.sortedByKey.map { "\($0.key):\($0.value.plainText)" }.joined(separator: ",") + "}"
        }
    }
}
