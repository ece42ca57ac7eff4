/// The names that attributes go by which a store looks for, the one to be believed first.
package enum AttributeNames {
    package static let messageID = AttributeField.messageID.names
    package static let correlationID = AttributeField.correlationID.names
    package static let causationID = AttributeField.causationID.names
    /// Without what is mostly the broker's address.
    package static let destination = AttributeField.destination.names.filter { $0 != "messaging.url" }
    /// What makes a span one that is about messages, besides what the conventions call `messaging.…`.
    package static let messaging = [
        AttributeField.system, .exchange, .queue, .amqpCommand, .spanKind, .spanType,
    ].flatMap(\.names).filter { !$0.hasPrefix("messaging.") }
    /// What may say how a message was settled, besides our own attribute and the name of the span.
    package static let settlement =
        AttributeField.disposition.names + AttributeField.operationName.names + AttributeField.amqpCommand.names
}

/// The names of spans that say alone what the span is about.
package enum SpanNames {
    /// Brave's listeners.
    package static let messaging = ["on-message"]
}
