internal import Hummingbird

/// Tells whoever asks for a path that is not here which one is: exporters are easily pointed a path too short.
struct Signpost<Context: RequestContext>: RouterMiddleware {
    let path: String

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return Refusal(status: .notFound, message: "spans are taken with POST at \(path), and nothing else is here")
                .response()
        }
    }
}
