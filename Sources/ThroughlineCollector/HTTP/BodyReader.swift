internal import Gzip
internal import Hummingbird

/// Reads the bodies of requests, undoes gzip, and keeps to the limits.
struct BodyReader: Sendable {
    let limit: Int
    let budget: ByteBudget

    /// The body, as it was before it was compressed. The bytes count against `share` as they come.
    func read(_ request: Request, _ share: inout ByteBudget.Share) async throws(Refusal) -> [UInt8] {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw .tooLarge(limit) }
        let encoding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        switch encoding {
        case "identity": return try await readPlain(request, announced, &share)
        case "gzip": return try await readGzip(request, announced, &share)
        default:
            throw .unsupported("the Content-Encoding '\(encoding.prefix(40))' is not understood; gzip is, and none")
        }
    }

    private func readPlain(
        _ request: Request, _ announced: Int?, _ share: inout ByteBudget.Share
    ) async throws(Refusal) -> [UInt8] {
        var iterator = request.body.makeAsyncIterator()
        var body: [UInt8] = []
        while let piece = try await Self.next(&iterator) {
            guard body.count + piece.readableBytes <= limit else { throw .tooLarge(limit) }
            try share.grow(by: piece.readableBytes)
            body.append(contentsOf: piece.readableBytesView)
        }
        try Self.check(body.count, announced)
        return body
    }

    private func readGzip(
        _ request: Request, _ announced: Int?, _ share: inout ByteBudget.Share
    ) async throws(Refusal) -> [UInt8] {
        var iterator = request.body.makeAsyncIterator()
        var received = 0
        var gunzip: Gunzip
        do { gunzip = try Gunzip(limit: limit) } catch { throw Refusal(error) }
        while let piece = try await Self.next(&iterator) {
            received += piece.readableBytes
            guard received <= limit else { throw .tooLarge(limit) }
            let before = gunzip.output.count
            // A typed throw does not go through the closure, so the failure does.
            let failure = piece.withUnsafeReadableBytes { bytes -> GzipError? in
                do throws(GzipError) { try gunzip.append(bytes) } catch { return error }
                return nil
            }
            if let failure { throw Refusal(failure) }
            try share.grow(by: gunzip.output.count - before)
        }
        try Self.check(received, announced)
        // Nothing at all is as good as the compressed form of nothing.
        if received > 0 { do throws(GzipError) { try gunzip.finish() } catch { throw Refusal(error) } }
        return gunzip.output
    }

    private static func next(_ iterator: inout RequestBody.AsyncIterator) async throws(Refusal) -> ByteBuffer? {
        do { return try await iterator.next(isolation: #isolation) } catch {
            throw .badRequest("the request could not be read: \(error)")
        }
    }

    /// A connection that breaks looks like the end of the request.
    private static func check(_ received: Int, _ announced: Int?) throws(Refusal) {
        guard let announced, announced != received else { return }
        throw .badRequest("the request ended after \(received) of \(announced) bytes")
    }
}

extension Request {
    /// What `Content-Type` names, without the parameters that may follow.
    var mediaType: String {
        (headers[.contentType] ?? "").prefix { $0 != ";" && !$0.isWhitespace }.lowercased()
    }
}

extension Refusal {
    fileprivate init(_ error: GzipError) {
        self =
            switch error {
            case .tooLong(let limit): .tooLarge(limit)
            case .invalid, .truncated: .badRequest("\(error)")
            case .outOfMemory: .overloaded("\(error)")
            }
    }
}
