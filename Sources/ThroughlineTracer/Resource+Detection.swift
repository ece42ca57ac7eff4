public import ThroughlineModel

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Resource {
    /// A resource for a service of this process: its name, the host and the process, and what the environment says.
    ///
    /// OTEL_RESOURCE_ATTRIBUTES adds attributes (`key=value` pairs, percent-encoded as in W3C Baggage) and
    /// OTEL_SERVICE_NAME names the service unless the code does, as OpenTelemetry's resource SDK and
    /// environment variables say. Without any name it is `unknown_service`.
    ///
    /// - Parameters:
    ///   - service: The name that the code gives; nil leaves it to the environment.
    ///   - environment: The environment variables.
    public static func detected(service: String? = nil, environment: [String: String]) -> Resource {
        var attributes: Attributes = [
            ResourceAttribute.serviceName: "unknown_service",
            ResourceAttribute.hostName: .string(hostName),
            ResourceAttribute.processID: .int(Int64(getpid())),
            ResourceAttribute.sdkName: "throughline",
            ResourceAttribute.sdkLanguage: "swift",
        ]
        for member in Baggage(header: environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "").members {
            attributes[member.key] = .string(member.value)
        }
        if let service { attributes[ResourceAttribute.serviceName] = .string(service) }
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty, service == nil {
            attributes[ResourceAttribute.serviceName] = .string(name)
        }
        return Resource(attributes: attributes)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
