/// The names that the ids of messages go by, the one to be believed first: for a store that finds spans by them.
package enum IDNames {
    package static let message = AttributeField.messageID.names
    package static let correlation = AttributeField.correlationID.names
    package static let causation = AttributeField.causationID.names
}
