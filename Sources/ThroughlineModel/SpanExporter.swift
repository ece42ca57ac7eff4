/// Sends spans to a collector: what OTLP and Zipkin exporters have in common.
public protocol SpanExporter: Sendable {
    /// Sends a batch once, with the retries that belong to a single request; a batch that is too large for the collector
    /// is split by the exporter.
    func export(_ batch: [SpanRecord]) async -> ExportOutcome

    /// Lets go of connections. Nothing is exported afterwards.
    func shutdown() async
}

/// What became of a batch.
public enum ExportOutcome: Hashable, Sendable {
    /// The collector has it. Some spans of it may have been rejected, which the exporter has logged: they are never sent
    /// again (OTLP, partial success).
    case accepted(rejected: Int)
    /// The collector will never take this batch; the reason is for people.
    case refused(String)
    /// Nothing is taken from this exporter as it is set up, whatever the batch: its address or its credentials are wrong
    /// (401, 404, a redirect, a certificate that is not trusted). People have to do something; the reason says what.
    case misconfigured(String)
    /// Nobody took it; trying again later may help, and not before the delay when the collector named one.
    case failed(String, retryAfter: Duration?)
}

extension ExportOutcome {
    /// Why the batch has still to be delivered; nil when its story has ended.
    package var failure: String? {
        switch self {
        case .accepted, .refused: nil
        case .misconfigured(let reason), .failed(let reason, _): reason
        }
    }

    /// What becomes of a batch that is sent in two halves. The first failure ends it: the whole batch is then sent again,
    /// and the collector may see some of it twice.
    package static func ofHalves(
        of batch: ArraySlice<SpanRecord>, sending send: (ArraySlice<SpanRecord>) async -> ExportOutcome
    ) async -> ExportOutcome {
        let middle = batch.startIndex + batch.count / 2
        let first = await send(batch[..<middle])
        guard case .accepted(let rejected) = first else { return first }
        let second = await send(batch[middle...])
        guard case .accepted(let more) = second else { return second }
        return .accepted(rejected: rejected + more)
    }
}
