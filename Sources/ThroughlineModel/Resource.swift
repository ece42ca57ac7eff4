/// What made the spans: a service, its version, its host (OpenTelemetry's Resource).
public struct Resource: Hashable, Sendable {
    public var attributes: Attributes
    public var schemaURL: String?

    /// Makes a resource of attributes.
    public init(attributes: Attributes = [:], schemaURL: String? = nil) {
        self.attributes = attributes
        self.schemaURL = schemaURL
    }

    /// The attribute `service.name`, nil when nobody set it.
    public var serviceName: String? { attributes[ResourceAttribute.serviceName]?.stringValue }
}

/// The library that made a span (OpenTelemetry's InstrumentationScope).
public struct InstrumentationScope: Hashable, Sendable {
    public var name: String
    public var version: String?
    public var attributes: Attributes
    public var schemaURL: String?

    /// Makes a scope; an empty name means that nobody set it.
    public init(name: String = "", version: String? = nil, attributes: Attributes = [:], schemaURL: String? = nil) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.schemaURL = schemaURL
    }
}
