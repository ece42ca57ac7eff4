import Tracing

/// Looks at what lies on a dead-letter destination, and sends it back to where it came from.
///
/// ```swift
/// let letters = DeadLetterBrowser(browser, sendingBy: producer, tracing: tracing)
/// let found = try await letters.list("orders.dead-letters")
/// let report = try await letters.replay(found.filter { $0.letter.reason == .attemptsUsedUp })
/// ```
public struct DeadLetterBrowser<Browser: MessageBrowser, Producer: MessageProducer>: Sendable
where Producer.Message == Browser.Message, Browser.Message: ForwardableMessage {
    /// One message that a consumer group gave up.
    public struct Entry: Sendable {
        /// The message as it lies there.
        public let message: Browser.Message
        /// Why it lies there.
        public let letter: DeadLetter
        /// The ids that it has had all along.
        public let identity: MessageIdentity
    }

    /// What came of replaying several.
    public struct Report: Sendable {
        /// What was sent back.
        public internal(set) var replayed: [Entry] = []
        /// What could not be sent, and why. It lies where it was.
        public internal(set) var failed: [(entry: Entry, error: any Error)] = []
    }

    private struct Key: Hashable {
        let messageID: String
        let group: String?
    }

    private let browser: Browser
    private let producer: Producer
    private let tracing: MessageTracing

    /// Makes a browser of a broker's own and a producer for it.
    public init(_ browser: Browser, sendingBy producer: Producer, tracing: MessageTracing = MessageTracing()) {
        self.browser = browser
        self.producer = producer
        self.tracing = tracing
    }

    /// Lists the dead letters, oldest first, each message once for each group that gave it up: one that was replayed and
    /// failed again is listed by its last failure. Messages that are no dead letters are left out.
    ///
    /// - Parameters:
    ///   - destination: The dead-letter destination.
    ///   - limit: How many messages are looked at, at most.
    /// - Throws: The browser's errors.
    public func list(_ destination: String, limit: Int = 1_000) async throws -> [Entry] {
        var entries: [Entry?] = []
        var places: [Key: Int] = [:]
        for message in try await browser.browse(destination, limit: limit) {
            guard let letter = DeadLetter(message) else { continue }
            var reading = HeaderReading(message)
            let identity = tracing.identity(ofIncoming: &reading, trusted: true)
            let key = Key(messageID: identity.messageID, group: letter.group)
            if let earlier = places[key] { entries[earlier] = nil }
            places[key] = entries.count
            entries.append(Entry(message: message, letter: letter, identity: identity))
        }
        return entries.compactMap(\.self)
    }

    /// Sends dead letters back, one after the other; see ``MessageTracing/replay(_:to:_:)``. One that cannot be sent does
    /// not hold up the rest.
    ///
    /// - Parameters:
    ///   - entries: What to replay; filter the list for it.
    ///   - destination: Where to send them; nil sends each to its origin.
    /// - Returns: What was sent and what was not.
    /// - Throws: `CancellationError` when the task is cancelled; what was sent by then stays sent.
    @discardableResult
    public func replay(_ entries: [Entry], to destination: String? = nil) async throws -> Report {
        var report = Report()
        for entry in entries {
            try Task.checkCancellation()
            do {
                try await tracing.replay(entry.message, to: destination) { _ = try await producer.send($0) }
                report.replayed.append(entry)
            } catch let error as CancellationError {
                throw error
            } catch {
                report.failed.append((entry, error))
            }
        }
        return report
    }
}
