import Logging
import Synchronization

/// Keeps what is logged, a line a message, metadata included.
final class LogList: Sendable {
    private let list = Mutex<[String]>([])

    var lines: [String] { list.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(list: self) } }

    private struct Handler: LogHandler {
        let list: LogList
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let more = event.metadata.map { " \($0)" } ?? ""
            list.list.withLock { $0.append("\(event.level): \(event.message)\(more)") }
        }
    }
}
