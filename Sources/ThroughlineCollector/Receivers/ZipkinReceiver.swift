internal import Hummingbird
internal import ThroughlineModel
internal import ThroughlineZipkin

/// Zipkin v2 JSON over HTTP, answered as Zipkin does: 202 when the spans are there, else what is wrong in plain text.
struct ZipkinReceiver: Sendable {
    let intake: SpanIntake

    func add(to routes: Listener.Routes) {
        routes.onlyPost("/api/v2/spans") { request, _ in await respond(to: request) }
    }

    private func respond(to request: Request) async -> Response {
        guard request.mediaType == Zipkin.contentType else {
            return Refusal.unsupported("Content-Type must be \(Zipkin.contentType)").response()
        }
        do throws(Refusal) {
            try await intake.take(request) { body throws(Refusal) in (try Self.decode(body), ()) }
            return Response(status: .accepted)
        } catch {
            return error.response()
        }
    }

    /// A list in which every element is broken is refused; else what is good of it is kept, for want of a way to say
    /// that a part was not.
    private static func decode(_ body: [UInt8]) throws(Refusal) -> [SpanRecord] {
        if body.isEmpty { return [] }
        let list: Zipkin.Decoded
        do { list = try Zipkin.decode(body) } catch { throw .badRequest("this is no list of Zipkin spans: \(error)") }
        if list.spans.isEmpty, let problem = list.problems.first { throw .badRequest("\(problem)") }
        return list.spans
    }
}
