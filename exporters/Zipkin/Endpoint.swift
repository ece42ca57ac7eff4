import ThroughlineModel

/// A node of Zipkin's service graph.
struct Endpoint {
    var serviceName = ""
    var ipv4 = ""
    var ipv6 = ""
    var port: UInt16 = 0

    var isEmpty: Bool { serviceName.isEmpty && ipv4.isEmpty && ipv6.isEmpty && port == 0 }
    var address: String { ipv4.isEmpty ? ipv6 : ipv4 }

    init() {}

    /// The other side of a span, by the first of its attributes that names one
    /// (specification/trace/sdk_exporters/zipkin.md, Remote endpoint).
    ///
    /// Nil for spans whose kind has no other side that Zipkin would draw. Where nothing names the broker of a message, the
    /// messaging system does: Zipkin then shows `kafka` between services, which is what its own tracers do.
    init?(remoteOf record: SpanRecord) {
        guard record.kind == .client || record.kind == .producer || record.kind == .consumer else { return nil }
        for (name, portName) in Self.ranking {
            guard let text = record.attributes[name]?.stringValue, !text.isEmpty else { continue }
            guard let portName else {
                serviceName = text
                return
            }
            switch IPAddress(text) {
            case .v4: ipv4 = text
            case .v6: ipv6 = text
            case nil: serviceName = text
            }
            port = record.attributes[portName]?.intValue.flatMap { UInt16(exactly: $0) } ?? 0
            return
        }
        guard record.kind != .client, let system = record.attributes[MessagingAttribute.system]?.stringValue,
            !system.isEmpty
        else { return nil }
        serviceName = system
    }

    /// By rank; those with a port are addresses of sockets.
    private static let ranking: [(name: String, port: String?)] = [
        ("peer.service", nil), ("server.address", nil), ("net.peer.name", nil),
        ("network.peer.address", "network.peer.port"), ("server.socket.domain", nil),
        ("server.socket.address", "server.socket.port"), ("net.sock.peer.name", nil),
        ("net.sock.peer.addr", "net.sock.peer.port"), ("peer.hostname", nil), ("peer.address", "peer.port"),
        ("db.name", nil),
    ]
}

private enum IPAddress {
    case v4, v6

    /// Nil for a name.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) {
            self = .v4
        } else if text.utf8.contains(UInt8(ascii: ":")),
            text.utf8.allSatisfy({ Hex.nibble($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
        {
            self = .v6
        } else {
            return nil
        }
    }
}
