import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import ThroughlineModel
import ThroughlineRecorder
import ThroughlineStore
import UnixSignals

/// `throughline export`
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send the spans of the store to a collector.",
        discussion: """
            What was sent is remembered in the store under a name (--name), which an application that exports uses too: \
            each span is sent once, whoever sends it, and only one of them at a time. The name remembers no URL: a second \
            collector wants a name of its own.

              throughline export --otlp http://localhost:4318
              throughline export --otlp http://localhost:14318 --name second
              throughline export --zipkin http://localhost:9411 --follow
              throughline export --otlp https://collector.example --header authorization=secret --resend-set-aside
              throughline export --file spans.jsonl

            Where no option says otherwise, OpenTelemetry's variables do: OTEL_EXPORTER_OTLP_HEADERS, _CERTIFICATE, \
            _CLIENT_CERTIFICATE, _CLIENT_KEY, _TIMEOUT and the others.

            A collector that answers 401, 403, 404, a redirect or the like says nothing about the spans: nothing is set \
            aside then. The export ends, or with --follow waits (--recheck) until the collector takes spans again.

            Exit codes beside the usual ones: 6 when something is left that the collector has not taken, now or before.
            """)

    @OptionGroup var target: ExportTarget

    @Option(help: "The name under which the store remembers what was sent. (default: otlp or zipkin)")
    var name: String?

    @Flag(help: "Go on with what is recorded next, until Ctrl-C.")
    var follow = false

    @Flag(help: "Begin again with the oldest span, whatever was sent before.")
    var fromStart = false

    @Flag(help: "Send what the collector refused before once more, and nothing else.")
    var resendSetAside = false

    @Flag(help: "Send spans without the sampled flag too, which were recorded for the store alone.")
    var includeUnsampled = false

    @Option(help: "How long to try in a row when the collector takes nothing: 30s, 5m. With --follow for ever.")
    var patience = Age(nanoseconds: 30_000_000_000)

    @Option(help: "With --follow, how long to leave a collector alone that answers 401, 403, 404 or a redirect.")
    var recheck = Age(nanoseconds: 60_000_000_000)

    @Flag(help: "Print a JSON object at the end.")
    var json = false

    @OptionGroup var store: StoreOptions

    func validate() throws {
        if follow, resendSetAside { throw ValidationError("--follow and --resend-set-aside exclude each other.") }
        if target.file != nil, name != nil || follow || fromStart || resendSetAside {
            throw ValidationError("--file writes all spans each time, so that no other option goes with it.")
        }
    }

    func run() async throws {
        let reader = try store.reader()
        if let file = target.file {
            let begin = ContinuousClock.now
            var progress = ForwardingProgress()
            progress.exported = try ExportFile(path: file).write(reader)
            // Standard output is the file then, and nothing else.
            if file != "-" { try conclude(ExportSummary(progress, "file", file, ContinuousClock.now - begin)) }
            return
        }
        let exporter = target.exporter()
        let forwarder = try SpanForwarder(
            store: store.resolvedPath, to: exporter, named: name ?? target.defaultName,
            heldBy: .exportHolder(program: "throughline export"),
            configuration: forwarding)
        let begin = ContinuousClock.now
        let watch = Task { await ExportWatch(forwarder, recheck: follow ? recheck : nil).run() }
        let isReady = fromStart ? await forwarder.rewind() : true
        if isReady { try await forward(forwarder) }
        watch.cancel()
        await watch.value
        await exporter.shutdown()
        let state = try reader.exports().first { $0.name == forwarder.name }
        try conclude(
            ExportSummary(
                forwarder.progress, forwarder.name, target.place, ContinuousClock.now - begin, isFollowing: follow,
                state: state, resendCommand: resendCommand))
    }

    private var forwarding: ForwardingConfiguration {
        var configuration = ForwardingConfiguration()
        configuration.includesUnsampled = includeUnsampled
        configuration.misconfigurationPause = .nanoseconds(Int64(clamping: recheck.nanoseconds))
        if !follow { configuration.patience = .nanoseconds(Int64(clamping: patience.nanoseconds)) }
        // What there is to say is said by the command.
        configuration.logger = Logger(label: "throughline.export", factory: { _ in SwiftLogNoOpLogHandler() })
        return configuration
    }

    /// Ends in an orderly way at Ctrl-C: what is on its way is waited for.
    private func forward(_ forwarder: SpanForwarder) async throws {
        let service: any Service
        if follow {
            service = forwarder
        } else {
            let resends = resendSetAside
            service = OneShot(forwarder: forwarder) {
                _ = resends ? await forwarder.resendSetAside() : await forwarder.forwardAll()
            }
        }
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigint, .sigterm],
            logger: Logger(label: "throughline", factory: { _ in SwiftLogNoOpLogHandler() }))
        configuration.maximumGracefulShutdownDuration = .seconds(15)
        try await ServiceGroup(configuration: configuration).run()
    }

    private var resendCommand: String {
        let name = name.map { " --name \($0)" } ?? ""
        return "throughline export \(target.commandLine) --resend-set-aside\(name)\(store.commandLine)"
    }

    private func conclude(_ summary: ExportSummary) throws {
        print(json ? try Output.json(summary) : summary.text)
        var problems = summary.problems
        guard let last = problems.popLast() else { return }
        for problem in problems { Output.note(problem) }
        throw Failure(code: .undelivered, message: last)
    }
}

/// Work that ends by itself, or early when it is told to.
private struct OneShot: Service {
    let forwarder: SpanForwarder
    let work: @Sendable () async -> Void

    func run() async throws {
        await withGracefulShutdownHandler {
            await work()
        } onGracefulShutdown: {
            forwarder.stop()
        }
    }
}
