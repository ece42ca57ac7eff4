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
    fileprivate struct Key: Hashable {
        var label: String
        let operation: String
        let system: String
        var destination: String?
        var group: String?
        var errorType: String?

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

    /// One operation that is being measured. A class, so that it takes no room where nothing is measured.
    final class Measurement: Sendable {
        private let metrics: MessagingMetrics
        private let key: Key
        private let start = ContinuousClock.now

        fileprivate init(_ metrics: MessagingMetrics, _ key: Key) {
            self.metrics = metrics
            self.key = key
        }

        /// Records how long it took. A cancellation is no failure, as on the span.
        func end(failure: (any Error)?) {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            var key = key
            key.errorType = failure.flatMap { $0 is CancellationError ? nil : String(reflecting: type(of: $0)) }
            metrics.recorder(key).record(seconds)
        }
    }

    /// Begins to measure an operation and counts the messages that it is about.
    func begin(
        _ type: MessagingOperation, named name: String? = nil, _ system: MessagingSystem, _ destination: String?,
        _ group: String?, sent: Int = 0, consumed: Int = 0
    ) -> Measurement {
        var key = Key(
            label: "messaging.client.sent.messages", operation: name ?? type.rawValue, system: system.rawValue,
            destination: destination, group: group, errorType: nil)
        if sent > 0 { counter(key).increment(by: sent) }
        key.label = "messaging.client.consumed.messages"
        if consumed > 0 { counter(key).increment(by: consumed) }
        key.label = type == .process ? "messaging.process.duration" : "messaging.client.operation.duration"
        return Measurement(self, key)
    }

    private func recorder(_ key: Key) -> Recorder {
        state.withLock { state in
            if let recorder = state.recorders[key] { return recorder }
            let key = bounded(key, state.recorders.count)
            if let recorder = state.recorders[key] { return recorder }
            let recorder = Recorder(
                label: key.label, dimensions: key.dimensions, aggregate: true,
                factory: factory ?? MetricsSystem.factory)
            state.recorders[key] = recorder
            return recorder
        }
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
        var key = key
        key.destination = nil
        key.group = nil
        return key
    }
}
