/// The names that attributes go by which a store looks for, the one to be believed first.
package enum AttributeNames {
    package static let messageID = AttributeField.messageID.names
    package static let correlationID = AttributeField.correlationID.names
    package static let causationID = AttributeField.causationID.names
    /// Without what is mostly the broker's address.
    package static let destination = AttributeField.destination.names.filter { $0 != "messaging.url" }
}
