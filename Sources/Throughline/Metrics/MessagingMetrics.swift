public import Metrics
import Synchronization
import ThroughlineModel

/// The messaging metrics of OpenTelemetry's conventions (v1.44, messaging metrics), kept with swift-metrics: durations in
/// seconds as recorders, counts of messages as counters.
///
/// | metric | what |
/// |---|---|
/// | `messaging.client.operation.duration` | how long sending and settling took |
/// | `messaging.process.duration` | how long handling took |
/// | `messaging.client.sent.messages` | messages that were to be sent |
/// | `messaging.client.consumed.messages` | messages that were delivered, each delivery once |
///
/// Dimensions: `messaging.system`, `messaging.operation.name`, `messaging.destination.name`,
/// `messaging.consumer.group.name`, and `error.type` for what failed. One value for all middlewares of a process will do.
public final class MessagingMetrics: Sendable {
    private struct Key: Hashable {
        let label: String
        let operation: String
        let system: String
        let destination: String?
        let group: String?
        let errorType: String?

        var dimensions: [(String, String)] {
            var dimensions = [(MessagingAttribute.system, system), (MessagingAttribute.operationName, operation)]
            if let destination { dimensions.append((MessagingAttribute.destinationName, destination)) }
            if let group { dimensions.append((MessagingAttribute.consumerGroup, group)) }
            if let errorType { dimensions.append((MessagingAttribute.errorType, errorType)) }
            return dimensions
        }
    }

    private struct State {
        var counters: [Key: Counter] = [:]
        var recorders: [Key: Recorder] = [:]
    }

    private let state = Mutex(State())
    private let factory: (any MetricsFactory)?
    private let instrumentLimit: Int

    /// Makes them; nothing is registered before something is measured.
    ///
    /// - Parameters:
    ///   - factory: Makes the instruments; nil takes what is bootstrapped when something is measured first.
    ///   - instrumentLimit: How many combinations of dimensions are kept apart. What comes beyond is measured without its
    ///     destination: a program that makes a destination for each customer must not fill a metrics backend.
    public init(factory: (any MetricsFactory)? = nil, instrumentLimit: Int = 1_000) {
        self.factory = factory
        self.instrumentLimit = instrumentLimit
    }

    /// One operation that is being measured.
    struct Measurement: Sendable {
        fileprivate let metrics: MessagingMetrics
        fileprivate let label: String
        fileprivate let operation: String
        fileprivate let system: String
        fileprivate let destination: String?
        fileprivate let group: String?
        fileprivate let start: ContinuousClock.Instant

        /// Records how long it took. A cancellation is no failure, as on the span.
        func end(failure: (any Error)?) {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let failure = failure.flatMap { $0 is CancellationError ? nil : String(reflecting: type(of: $0)) }
            metrics.record(
                seconds,
                Key(
                    label: label, operation: operation, system: system, destination: destination, group: group,
                    errorType: failure))
        }
    }

    /// Begins to measure an operation and counts the messages that it is about.
    func begin(
        _ type: MessagingOperation, named name: String? = nil, _ system: MessagingSystem, _ destination: String?,
        _ group: String?, sent: Int = 0, consumed: Int = 0
    ) -> Measurement {
        let operation = name ?? type.rawValue
        func count(_ number: Int, _ label: String) {
            guard number > 0 else { return }
            let key = Key(
                label: label, operation: operation, system: system.rawValue, destination: destination, group: group,
                errorType: nil)
            counter(key).increment(by: number)
        }
        count(sent, "messaging.client.sent.messages")
        count(consumed, "messaging.client.consumed.messages")
        return Measurement(
            metrics: self,
            label: type == .process ? "messaging.process.duration" : "messaging.client.operation.duration",
            operation: operation, system: system.rawValue, destination: destination, group: group, start: .now)
    }

    private func record(_ seconds: Double, _ key: Key) {
        let recorder = state.withLock { state in
            if let recorder = state.recorders[key] { return recorder }
            let key = bounded(key, state.recorders.count)
            if let recorder = state.recorders[key] { return recorder }
            let recorder = Recorder(
                label: key.label, dimensions: key.dimensions, aggregate: true,
                factory: factory ?? MetricsSystem.factory)
            state.recorders[key] = recorder
            return recorder
        }
        recorder.record(seconds)
    }

    private func counter(_ key: Key) -> Counter {
        state.withLock { state in
            if let counter = state.counters[key] { return counter }
            let key = bounded(key, state.counters.count)
            if let counter = state.counters[key] { return counter }
            let counter = Counter(
                label: key.label, dimensions: key.dimensions, factory: factory ?? MetricsSystem.factory)
            state.counters[key] = counter
            return counter
        }
    }

    private func bounded(_ key: Key, _ count: Int) -> Key {
        guard count >= instrumentLimit else { return key }
        return Key(
            label: key.label, operation: key.operation, system: key.system, destination: nil, group: nil,
            errorType: key.errorType)
    }
}
