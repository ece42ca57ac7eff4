public import ThroughlineModel

extension Resource {
    /// A resource for a service of this process: its name, the host and the process, what detectors find, and what the
    /// environment says, each overriding what goes before.
    ///
    /// OTEL_RESOURCE_ATTRIBUTES adds attributes (`key=value` pairs, percent-encoded as in W3C Baggage; one that cannot be
    /// read makes all of it be left out) and OTEL_SERVICE_NAME names the service unless the code does, as OpenTelemetry's
    /// resource SDK and environment variables say. Without any name it is `unknown_service`.
    ///
    /// - Parameters:
    ///   - service: The name that the code gives; nil leaves it to the environment.
    ///   - environment: The environment variables.
    ///   - detectors: Find out what else is known, such as the pod or the region.
    public static func detected(
        service: String? = nil, environment: [String: String], detectors: [any ResourceDetector] = []
    ) -> Resource {
        let all: [any ResourceDetector] =
            [ProcessResourceDetector()] + detectors + [EnvironmentResourceDetector(environment)]
        var resource = all.reduce(Resource(attributes: [ResourceAttribute.serviceName: "unknown_service"])) {
            $0.merging($1.detect())
        }
        if let service { resource.attributes[ResourceAttribute.serviceName] = .string(service) }
        return resource
    }

    /// Why OTEL_RESOURCE_ATTRIBUTES is left out; nil when it is not.
    static func problem(in environment: [String: String]) -> String? {
        let text = environment["OTEL_RESOURCE_ATTRIBUTES"] ?? ""
        guard EnvironmentResourceDetector.attributes(text) == nil else { return nil }
        return "OTEL_RESOURCE_ATTRIBUTES cannot be read as key=value pairs with percent-encoded values; it is left out"
    }
}
