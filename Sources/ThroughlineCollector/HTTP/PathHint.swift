internal import Hummingbird

/// Says what there is on a port to those who ask for something else.
struct PathHint<Context: RequestContext>: RouterMiddleware {
    let hint: String

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return Refusal(status: .notFound, message: hint).response()
        }
    }
}
