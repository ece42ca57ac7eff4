public import ThroughlineModel

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Finds out what a service runs on (OpenTelemetry, resource/sdk.md, Detecting resource information).
public protocol ResourceDetector: Sendable {
    /// What was found; empty when nothing was. A detector that finds something names the conventions that it follows in
    /// the resource's schema URL.
    func detect() -> Resource
}

/// The host, the process and this tracer.
public struct ProcessResourceDetector: ResourceDetector {
    /// Makes the detector; it has no settings.
    public init() {}

    /// `host.name`, `process.pid` and `telemetry.sdk.…`.
    public func detect() -> Resource {
        Resource(
            attributes: [
                ResourceAttribute.hostName: .string(Self.hostName),
                ResourceAttribute.processID: .int(Int64(getpid())),
                ResourceAttribute.sdkName: "throughline",
                ResourceAttribute.sdkLanguage: "swift",
            ], schemaURL: "https://opentelemetry.io/schemas/1.44.0")
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say.
public struct EnvironmentResourceDetector: ResourceDetector {
    private let environment: [String: String]

    /// Makes the detector.
    ///
    /// - Parameter environment: The environment variables.
    public init(_ environment: [String: String]) {
        self.environment = environment
    }

    /// The attributes, all or none, and the service's name, which wins over them.
    public func detect() -> Resource {
        var attributes = Self.attributes(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "") ?? [:]
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty {
            attributes[ResourceAttribute.serviceName] = .string(name)
        }
        return Resource(attributes: attributes)
    }

    /// Nil when any pair cannot be read.
    static func attributes(_ text: String) -> Attributes? {
        let pairs = text.split(separator: ",").filter { !$0.trimmingOptionalWhitespace().isEmpty }
        var attributes = Attributes()
        for pair in pairs {
            guard let member = Baggage(header: String(pair)).members.first else { return nil }
            attributes[member.key] = .string(member.value)
        }
        return attributes
    }
}
