import ThroughlineModel

/// The services and hosts that resources name. Most spans share the attributes of their resource with others, and are
/// known by where those lie, which holds as long as the records do.
struct ResourceNames {
    private struct Known {
        var attributes: UnsafePointer<Attributes.Element>
        var service: Name
        var host: Name
    }

    private var known: [Known?] = Array(repeating: nil, count: 32)

    private static let unknown = "unknown_service"
    /// What tells one clock from another, best first; where none of it is said, each service counts as a host.
    private static let hosts = [ResourceAttribute.hostName, "host.id", ResourceAttribute.serviceInstanceID]

    mutating func names(of record: UnsafePointer<SpanRecord>, _ names: inout NameTable) -> (service: Name, host: Name) {
        var found = (service: Name.absent, host: Name.absent)
        record.pointee.resource.attributes.withElements { found = self.names(in: $0, &names) }
        return found
    }

    private mutating func names(
        in elements: UnsafeBufferPointer<Attributes.Element>, _ names: inout NameTable
    ) -> (service: Name, host: Name) {
        guard let start = elements.baseAddress else {
            let unknown = names.name(Self.unknown)
            return (unknown, unknown)
        }
        let slot = Int(bitPattern: start) >> 4 & (known.count - 1)
        if let last = known[slot], last.attributes == start { return (last.service, last.host) }
        func text(_ key: String) -> String? {
            elements.first { $0.key == key }?.value.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        }
        let service = names.name(text(ResourceAttribute.serviceName) ?? Self.unknown)
        let host = Self.hosts.lazy.compactMap(text).first.map { names.name($0) } ?? service
        known[slot] = Known(attributes: start, service: service, host: host)
        return (service, host)
    }
}
