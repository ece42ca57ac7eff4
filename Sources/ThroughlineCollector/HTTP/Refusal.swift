internal import Hummingbird
internal import ThroughlineStore

/// An answer other than success: the status, and why in words.
struct Refusal: Error {
    let status: HTTPResponse.Status
    let message: String
    /// When the sender may come again, in seconds; for what will pass.
    var retryAfter: Int?

    static func badRequest(_ message: String) -> Refusal { Refusal(status: .badRequest, message: message) }

    static func tooLarge(_ limit: Int) -> Refusal {
        Refusal(status: .contentTooLarge, message: "a request may have \(limit) bytes, also after decompression")
    }

    static func unsupported(_ message: String) -> Refusal {
        Refusal(status: .unsupportedMediaType, message: message)
    }

    static func overloaded(_ message: String) -> Refusal {
        Refusal(status: .tooManyRequests, message: message, retryAfter: 1)
    }

    /// Whatever keeps the store from being written is asked again later: a sender that is told so keeps its spans.
    init(_ error: StoreError) {
        let isBusy = error.code == .busy
        self.init(
            status: isBusy ? .tooManyRequests : .serviceUnavailable, message: error.message,
            retryAfter: isBusy ? 1 : 5)
    }

    init(status: HTTPResponse.Status, message: String, retryAfter: Int? = nil) {
        self.status = status
        self.message = message
        self.retryAfter = retryAfter
    }

    /// The answer with the words in a form that the sender reads, as plain text when it has none.
    func response(_ contentType: String = "text/plain", _ body: [UInt8]? = nil) -> Response {
        var headers: HTTPFields = [.contentType: contentType]
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body ?? Array(message.utf8))))
    }
}
