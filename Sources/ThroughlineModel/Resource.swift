/// What made the spans: a service, its version, its host (OpenTelemetry's Resource).
public struct Resource: Hashable, Sendable {
    /// Who made the spans, by the names in ``ResourceAttribute`` and others.
    public var attributes: Attributes
    /// Where the conventions that the names follow are written down.
    public var schemaURL: String?

    /// Makes a resource of attributes.
    public init(attributes: Attributes = [:], schemaURL: String? = nil) {
        self.attributes = attributes
        self.schemaURL = schemaURL
    }

    /// This resource with another's attributes added, which win where both have one (OpenTelemetry, resource/sdk.md,
    /// Merge). Of two schema URLs that differ none is right for both, so none is left.
    public func merging(_ other: Resource) -> Resource {
        var merged = self
        for attribute in other.attributes { merged.attributes[attribute.key] = attribute.value }
        if let url = other.schemaURL { merged.schemaURL = schemaURL == nil || schemaURL == url ? url : nil }
        return merged
    }

    /// The attribute `service.name`, nil when nobody set it.
    public var serviceName: String? { attributes[ResourceAttribute.serviceName]?.stringValue }
}

/// The library that made a span (OpenTelemetry's InstrumentationScope).
public struct InstrumentationScope: Hashable, Sendable {
    /// The name of the library.
    public var name: String
    /// The version of the library.
    public var version: String?
    /// What else is known of the library.
    public var attributes: Attributes
    /// Where the conventions that its spans follow are written down.
    public var schemaURL: String?

    /// Makes a scope; an empty name means that nobody set it.
    public init(name: String = "", version: String? = nil, attributes: Attributes = [:], schemaURL: String? = nil) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.schemaURL = schemaURL
    }
}
