import ArgumentParser
import Foundation
import ThroughlineStore

/// `throughline import`
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the spans of files into the store.",
        discussion: """
            Reads OTLP as JSON (a request, or one a line) and as protobuf, and Zipkin v2 JSON (a list, or a span or a \
            list a line), each also compressed with gzip. What a file holds is told from its first bytes and from the \
            keys of its objects. A file of any size is read piece by piece.

              throughline import traces.jsonl zipkin.json.gz
              curl -s http://localhost:9411/api/v2/traces | throughline import -

            A record or a file that cannot be read is named, and the others are imported all the same; the exit code is \
            then 1. \
            A span that the store has already is not stored again.
            """)

    @Argument(help: "The files; - is standard input.")
    var files: [String]

    @Option(help: "What the files hold, instead of finding out.")
    var format: ImportFormat?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if files.count(where: { $0 == "-" }) > 1 { throw ValidationError("Standard input can be read once only.") }
    }

    func run() async throws {
        try checkThatOneIsThere()
        let isNew = !FileManager.default.fileExists(atPath: store.resolvedPath)
        let store = try TraceStore(path: store.resolvedPath, options: Self.storeOptions)
        defer { store.close() }
        var importer = SpanImporter(store, format: format)
        var results: [SpanImporter.Result] = []
        for file in files {
            var bar = ProgressBar()
            let result = try await importer.run(file) { bar.show($0.name, $0.position, of: $0.size, spans: $1) }
            bar.clear()
            report(result)
            results.append(result)
        }
        let summary = ImportSummary(results, flows: importer.flowCount, store: self.store.resolvedPath)
        print(json ? try Output.json(summary) : summary.sentence)
        if isNew, !summary.isComplete {
            store.close()
            try removeEmptyStore()
        }
        if !summary.isComplete { throw Failure.notFound("Not everything could be imported.") }
    }

    /// A slip of the hand leaves no empty store behind; one file that is missing does not stop the others.
    private func checkThatOneIsThere() throws(Failure) {
        var missing: [Failure] = []
        for file in files {
            do throws(Failure) {
                _ = try SpanFile(file)
                return
            } catch {
                missing.append(error)
            }
        }
        guard let last = missing.popLast() else { return }
        for failure in missing { Output.note(failure.message) }
        throw last
    }

    /// What was made for spans that could not be read is in the way of nobody; somebody else may use it meanwhile.
    private func removeEmptyStore() throws {
        let path = store.resolvedPath
        let counts = try TraceReader(path: path).counts()
        guard counts.spans == 0, counts.unfinished == 0 else { return }
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }

    /// The batch that is written and the one that is next.
    private static var storeOptions: TraceStore.Options {
        var options = TraceStore.Options()
        options.spansInFlight = 32_768
        return options
    }

    private func report(_ result: SpanImporter.Result) {
        let shown = 20
        for problem in result.problems.prefix(shown) {
            Output.note("\(result.name): \(problem.place.description): \(problem.reason)")
        }
        if result.skipped > shown { Output.note("\(result.name): and \(result.skipped - shown) more") }
        if let failure = result.failure { Output.note(failure) }
    }
}

/// The result in words for people and for scripts.
struct ImportSummary: Encodable {
    struct Problem: Encodable {
        let line: Int?
        let element: Int?
        let reason: String
    }

    struct File: Encodable {
        let file: String
        let formats: [String]
        let spans: Int
        let duplicates: Int
        let skipped: Int
        let problems: [Problem]
        let failure: String?
    }

    let store: String
    let files: [File]
    let spans: Int
    /// Nil when there were too many to count.
    let flows: Int?
    let duplicates: Int
    let skipped: Int

    init(_ results: [SpanImporter.Result], flows: Int?, store: String) {
        self.store = store
        self.flows = flows
        files = results.map { result in
            File(
                file: result.name, formats: result.formats.map(\.rawValue).sorted(), spans: result.spans,
                duplicates: result.duplicates, skipped: result.skipped,
                problems: result.problems.map {
                    Problem(line: $0.place.line, element: $0.place.element, reason: $0.reason)
                }, failure: result.failure)
        }
        spans = files.reduce(0) { $0 + $1.spans }
        duplicates = files.reduce(0) { $0 + $1.duplicates }
        skipped = files.reduce(0) { $0 + $1.skipped }
    }

    var isComplete: Bool { skipped == 0 && files.allSatisfy { $0.failure == nil } }

    var sentence: String {
        var parts = ["Imported \(Output.count(spans, "span"))"]
        if let flows { parts[0] += " of \(Output.count(flows, "flow"))" }
        parts[0] += " into \(store)"
        if duplicates > 0 { parts.append("\(duplicates) were there already") }
        if skipped > 0 { parts.append("\(Output.count(skipped, "record")) could not be read") }
        return parts.joined(separator: ", ") + "."
    }
}
