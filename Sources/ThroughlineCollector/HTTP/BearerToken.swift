internal import Hummingbird

/// Lets nobody in without the token (RFC 6750, section 2.1).
struct BearerToken<Context: RequestContext>: RouterMiddleware {
    private let expected: [UInt8]

    init(_ token: String) {
        expected = Array("Bearer \(token)".utf8)
    }

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let given = request.headers[.authorization], isExpected(Array(given.utf8)) else {
            let message = "Show the collector's token: Authorization: Bearer TOKEN."
            var response = Refusal(status: .unauthorized, message: message).response()
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        }
        return try await next(request, context)
    }

    /// Takes the same time wherever the two differ, so that nobody finds the token byte by byte.
    private func isExpected(_ given: [UInt8]) -> Bool {
        guard given.count == expected.count else { return false }
        return zip(given, expected).reduce(0 as UInt8) { $0 | $1.0 ^ $1.1 } == 0
    }
}
