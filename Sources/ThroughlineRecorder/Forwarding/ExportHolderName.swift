package import ThroughlineModel
import ThroughlineTracer

extension String {
    /// A name for whoever exports: the service, its process and host, and some digits that tell two of one process apart.
    package static func exportHolder(_ resource: Resource) -> String {
        let process = resource.attributes[ResourceAttribute.processID]?.intValue ?? 0
        let host = resource.attributes[ResourceAttribute.hostName]?.stringValue ?? "unknown"
        let digits = String(UInt32.random(in: 0..<0x100_0000) | 0x100_0000, radix: 16).dropFirst()
        return "\(resource.serviceName ?? "unknown_service") (process \(process) on \(host), \(digits))"
    }

    /// The same for a program without a resource of its own.
    package static func exportHolder(program: String) -> String {
        .exportHolder(.detected(service: program, environment: [:]))
    }
}
