import Foundation

/// The addresses of this machine.
enum NetworkAddress {
    /// What senders on other machines may call a host that is listened on: where that is every address, the first that
    /// is not loopback, else the machine's name.
    static func reachable(_ host: String) -> String {
        guard ["0.0.0.0", "::", "0"].contains(host) else { return host }
        return outward ?? ProcessInfo.processInfo.hostName
    }

    private static var outward: String? {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return nil }
        defer { freeifaddrs(first) }
        var next = first
        while let interface = next?.pointee {
            next = interface.ifa_next
            let flags = Int32(truncatingIfNeeded: interface.ifa_flags)
            guard let address = interface.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET),
                flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0
            else { continue }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return nil
    }
}
