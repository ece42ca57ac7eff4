#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Opens a port and closes it again, to say in plain words what is wrong with it before anything else is begun.
struct PortProbe {
    let endpoint: CollectorConfiguration.Endpoint

    /// - Throws: ``CollectorError`` when the port cannot be listened on.
    func check() throws(CollectorError) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        defer { found.map { freeaddrinfo($0) } }
        guard getaddrinfo(endpoint.host, "\(endpoint.port)", &hints, &found) == 0, let address = found?.pointee else {
            throw failure(.cannotListen, "there is no host of that name")
        }
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        // As the server does: what was closed a moment ago does not count.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, listen(descriptor, 1) == 0 else {
            throw failure(errno)
        }
    }

    /// What the system's error means here.
    func failure(_ code: Int32) -> CollectorError {
        switch code {
        case EADDRINUSE: failure(.addressInUse, "another program listens there")
        case EADDRNOTAVAIL: failure(.cannotListen, "this machine has no such address")
        case EACCES: failure(.cannotListen, "ports below 1024 are for privileged programs")
        default: failure(.cannotListen, String(cString: strerror(code)))
        }
    }

    private func failure(_ code: CollectorError.Code, _ reason: String) -> CollectorError {
        CollectorError(
            code: code, endpoint: endpoint, "Cannot listen on \(endpoint.host), port \(endpoint.port): \(reason).")
    }
}
