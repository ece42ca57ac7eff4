/// Other forms in which people have spans, or take something else for spans: named for what they are, with what to do.
enum ForeignForm {
    /// What a file is that begins so; nil for what may be read.
    static func ofFile(beginning bytes: UnsafeRawBufferPointer) -> String? {
        let signatures: [([UInt8], String)] = [
            (Array("SQLite format 3\0".utf8), "is a SQLite database; a trace store is named with --store"),
            ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with zstd; unpack it first, only gzip is read as it is"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "is compressed with xz; unpack it first, only gzip is read as it is"),
            (Array("BZh".utf8), "is compressed with bzip2; unpack it first, only gzip is read as it is"),
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive; unpack it first"),
        ]
        if let known = signatures.first(where: { bytes.starts(with: $0.0) }) { return known.1 }
        guard !ImportFormat.isBinary(bytes), bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") else { return nil }
        return "is a web page (HTML or XML) and no spans; the address may have asked for a login"
    }

    /// What a text is in which nothing can be spans.
    static let text =
        "is neither JSON nor protobuf; spans are read as OTLP (JSON or protobuf) and as Zipkin v2 JSON, also compressed "
        + "with gzip"

    /// What an object is that is neither OTLP's nor Zipkin's, by a key that only such objects have.
    static func ofObject(_ bytes: UnsafeRawBufferPointer) -> String {
        known(bytes) ?? "it is no OTLP request and no span of Zipkin's"
    }

    /// True for an object that has such a key.
    static func isKnown(_ bytes: UnsafeRawBufferPointer) -> Bool { known(bytes) != nil }

    private static func known(_ bytes: UnsafeRawBufferPointer) -> String? {
        let beginning = String(decoding: bytes.prefix(4_096), as: UTF8.self)
        let forms: [([String], String)] = [
            (
                ["isCut"],
                "it is the output of 'throughline flow --as json', which is for programs and cannot be imported; "
                    + "'throughline export --file spans.jsonl' writes the spans themselves"
            ),
            (
                ["traceID", "processes", "operationName"],
                "it is in Jaeger's own form, as its API and its page give it, which is not read; have the spans sent to "
                    + "'throughline serve' by OTLP, or take them as OTLP from a collector's file exporter"
            ),
            (["batches"], "it is in Tempo's own form; make OTLP of it first: jq '{resourceSpans: .batches}'"),
            (["resourceSpans"], "the OTLP request is inside another object; take it out first, with jq for example"),
            (
                ["scopeSpans", "instrumentationLibrarySpans"],
                "it is a part of an OTLP request; make one of the list first: jq '{resourceSpans: .}'"
            ),
            (["resourceLogs", "resourceMetrics"], "these are logs or metrics; only spans are imported"),
        ]
        return forms.first { $0.0.contains { beginning.contains("\"\($0)\"") } }?.1
    }
}
