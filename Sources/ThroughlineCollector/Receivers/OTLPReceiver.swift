internal import Hummingbird
internal import ThroughlineModel
internal import ThroughlineOTLP

/// OTLP over HTTP (opentelemetry-proto, "OTLP/HTTP"): both encodings, answered in the one that was sent.
struct OTLPReceiver: Sendable {
    let intake: SpanIntake

    func add(to routes: Listener.Routes) {
        routes.onlyPost("/v1/traces") { request, _ in await respond(to: request) }
    }

    private func respond(to request: Request) async -> Response {
        guard let encoding = OTLP.Encoding.allCases.first(where: { $0.contentType == request.mediaType }) else {
            let types = OTLP.Encoding.allCases.map(\.contentType).joined(separator: " or ")
            return Refusal.unsupported("Content-Type must be \(types)").response()
        }
        do throws(Refusal) {
            let answer = try await intake.take(request) { body throws(Refusal) in try Self.decode(body, encoding) }
            return Response(
                status: .ok, headers: [.contentType: encoding.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.encoded(as: encoding))))
        } catch {
            return error.response(encoding.contentType, OTLPStatus(message: error.message).encoded(as: encoding))
        }
    }

    private static func decode(
        _ body: [UInt8], _ encoding: OTLP.Encoding
    ) throws(Refusal) -> (spans: [SpanRecord], OTLPResponse) {
        // JSON has no empty form; nothing at all is an empty request all the same.
        if body.isEmpty { return ([], OTLPResponse()) }
        do throws(OTLPError) {
            var request = try OTLP.decodeRequest(body, as: encoding)
            // An end of zero is OTLP's way to say that there is none.
            for index in request.spans.indices where request.spans[index].end?.nanosecondsSinceEpoch == 0 {
                request.spans[index].end = nil
            }
            guard let first = request.rejections.first else { return (request.spans, OTLPResponse()) }
            return (request.spans, OTLPResponse(rejectedSpans: Int64(request.rejections.count), message: "\(first)"))
        } catch {
            throw .badRequest("this is no ExportTraceServiceRequest: \(error)")
        }
    }
}
