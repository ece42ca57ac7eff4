import ThroughlineModel

/// Reads lists in Zipkin's v2 JSON.
struct ZipkinDecoder {
    private static let maximumProblems = 100

    private var result = Zipkin.Decoded()
    private var index = 0
    private var fixer = SharedSpans()

    static func decode(_ bytes: [UInt8]) throws(ZipkinError) -> Zipkin.Decoded {
        let outcome = bytes.withUnsafeBytes { buffer -> Result<Zipkin.Decoded, ZipkinError> in
            var decoder = ZipkinDecoder()
            var reader = JSONReader(buffer)
            do throws(JSONError) {
                try decoder.element(&reader)
                try reader.end()
                decoder.finish()
                return .success(decoder.result)
            } catch {
                return .failure(ZipkinError(error))
            }
        }
        return try outcome.get()
    }

    /// A span, or a list of them, whose elements may be lists again.
    private mutating func element(_ reader: inout JSONReader) throws(JSONError) {
        if reader.peek() == UInt8(ascii: "[") {
            return try reader.array { reader throws(JSONError) in try element(&reader) }
        }
        let start = reader
        do throws(JSONError) {
            let span = try ZipkinSpan(&reader)
            fixer.note(span, at: result.spans.count, index, start.position)
            result.spans.append(span.record)
        } catch {
            // What is no JSON at all throws here as well, and ends the reading.
            reader = start
            try reader.skip()
            report(index, error.reason, error.offset)
        }
        index += 1
    }

    private mutating func finish() {
        for lost in fixer.apply(to: &result.spans) {
            report(lost.index, "a span has no timestamp, and nothing of its trace has one", lost.offset)
        }
    }

    private mutating func report(_ index: Int, _ reason: String, _ offset: Int) {
        result.brokenCount += 1
        guard result.problems.count < Self.maximumProblems else { return }
        result.problems.append(Zipkin.Problem(index: index, reason: reason, offset: offset))
    }
}
