internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// One port with what is served there.
struct Listener: Sendable {
    typealias Routes = Router<BasicRequestContext>
    typealias PortKey = any WritableKeyPath<ListeningPorts, Int?> & Sendable

    let endpoint: CollectorConfiguration.Endpoint
    let port: PortKey
    /// What is taken here, for those who ask for something else.
    private let hint: String
    private let addRoutes: @Sendable (Routes) -> Void

    init(
        endpoint: CollectorConfiguration.Endpoint, port: PortKey, hint: String,
        addRoutes: @escaping @Sendable (Routes) -> Void
    ) {
        self.endpoint = endpoint
        self.port = port
        self.hint = hint
        self.addRoutes = addRoutes
    }

    /// Serves until the task is cancelled or the service group shuts down and requests under way are answered, or have
    /// run out of time.
    func run(
        _ configuration: CollectorConfiguration, _ logger: Logger, onListening: @escaping @Sendable (Int) -> Void
    ) async throws {
        let application = application(configuration, logger, onListening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await application.run()
                } catch let error as IOError {
                    throw cannotListen(error)
                } catch let error as SocketAddressError {
                    throw cannotListen(error)
                }
            }
            group.addTask {
                try? await gracefulShutdown()
                try? await Task.sleep(for: configuration.shutdownTimeout)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func application(
        _ configuration: CollectorConfiguration, _ logger: Logger, _ onListening: @escaping @Sendable (Int) -> Void
    ) -> some ApplicationProtocol {
        let router = Routes(context: BasicRequestContext.self)
        if let token = configuration.token { router.add(middleware: BearerToken(token)) }
        router.add(middleware: PathHint(hint: hint))
        addRoutes(router)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(requestTimeout: TimeAmount(configuration.requestTimeout))],
            idleTimeout: TimeAmount(configuration.idleTimeout))
        return Application(
            router: router, server: .http1(configuration: channel),
            configuration: ApplicationConfiguration(
                address: .hostname(endpoint.host, port: endpoint.port),
                availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: logger)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? endpoint.port) },
            logger: logger)
    }

    private func cannotListen(_ error: any Error) -> CollectorError {
        if let error = error as? IOError { return PortProbe(endpoint: endpoint).failure(error.errnoCode) }
        return CollectorError(
            code: .cannotListen, endpoint: endpoint,
            "Cannot listen on \(endpoint.host), port \(endpoint.port): \(error)")
    }
}

extension Router {
    /// Answers POST at a path, and every other method with 405.
    func onlyPost(
        _ path: RouterPath, use answer: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        post(path, use: answer)
        for method in [HTTPRequest.Method.get, .head, .put, .patch, .delete, .options] {
            on(path, method: method) { _, _ in
                var response = Refusal(status: .methodNotAllowed, message: "Spans are taken with POST.").response()
                response.headers[.allow] = "POST"
                return response
            }
        }
    }
}
