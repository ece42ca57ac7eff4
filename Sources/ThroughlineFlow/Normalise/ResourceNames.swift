import ThroughlineModel

/// The services and hosts that resources name. Most spans share the attributes of their resource with others, and are
/// known by where those lie, which holds as long as the records do.
struct ResourceNames {
    private struct Known {
        var place: UInt
        var service: Name
        var host: Name
    }

    private var known: [Known?] = Array(repeating: nil, count: 256)

    private static let unknown = "unknown_service"
    /// What tells one clock from another, best first; where none of it is said, each service counts as a host.
    private static let hosts = [ResourceAttribute.hostName, "host.id", ResourceAttribute.serviceInstanceID]

    mutating func names(of record: UnsafePointer<SpanRecord>, _ names: inout NameTable) -> (service: Name, host: Name) {
        guard MemoryLayout<Attributes>.size == MemoryLayout<UInt>.size else {
            return Self.names(in: record.pointee.resource.attributes, &names)
        }
        // Looked at and not held: all cores would count the references of the same few resources.
        let place = unsafeBitCast(record.pointee.resource.attributes, to: UInt.self)
        let slot = Int(truncatingIfNeeded: place >> 4) & (known.count - 1)
        if let last = known[slot], last.place == place { return (last.service, last.host) }
        let (service, host) = Self.names(in: record.pointee.resource.attributes, &names)
        known[slot] = Known(place: place, service: service, host: host)
        return (service, host)
    }

    private static func names(in attributes: Attributes, _ names: inout NameTable) -> (service: Name, host: Name) {
        func text(_ key: String) -> String? { attributes[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        let service = names.name(text(ResourceAttribute.serviceName) ?? unknown)
        let host = hosts.lazy.compactMap(text).first.map { names.name($0) } ?? service
        return (service, host)
    }
}
