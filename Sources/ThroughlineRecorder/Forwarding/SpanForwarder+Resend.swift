import ThroughlineModel
import ThroughlineStore

extension SpanForwarder {
    /// Sends what was set aside once more, batch by batch; what is refused again stays set aside.
    ///
    /// - Returns: How many spans were sent, rejected, and are still set aside.
    public func resendSetAside() async -> ForwardingProgress {
        await whileClaimed {
            for batch in try await self.cursor.setAside() {
                guard try await self.resend(batch) else { break }
            }
            let left = try await self.cursor.setAside()
            self.report { progress in
                progress.setAside = left.reduce(0) { $0 + $1.spanCount }
                progress.refusal = left.last?.reason
            }
        }
        return progress
    }

    /// Makes the exporter begin again with the oldest span that the store has.
    ///
    /// - Returns: False when somebody else has the exporter; ``progress`` says who.
    public func rewind() async -> Bool {
        await whileClaimed { _ = try await self.cursor.rewind() }
        return progress.holder == nil && progress.failure == nil
    }

    /// - Returns: False when nothing is taken at the moment, the next batch no more than this one.
    private func resend(_ setAside: SetAsideBatch) async throws -> Bool {
        var rest: SetAsideBatch? = setAside
        var backoff = newBackoff
        while let batch = rest, goal != .soon, !Task.isCancelled {
            let next = try await cursor.batch(of: batch, limit)
            let outcome: ExportOutcome =
                next.spans.isEmpty ? .accepted(rejected: 0) : await exporter.export(next.spans)
            note(outcome)
            switch outcome {
            case .accepted(let reported):
                let rejected = min(max(0, reported), next.spans.count)
                let exported = next.spans.count - rejected
                rest = try await cursor.resent(next, of: batch, exported: exported, rejected: rejected)
                report { progress in
                    progress.exported += exported
                    progress.rejected += rejected
                }
                metrics.exported(exported, rejected: rejected)
                backoff.reset()
            case .refused: return true
            case .misconfigured(let reason):
                try await cursor.note(failure: reason)
                return false
            case .failed(let reason, _):
                try await cursor.note(failure: reason)
                guard await pause(&backoff, after: outcome) else { return false }
            }
        }
        return rest == nil
    }

    private func whileClaimed(_ body: @escaping @Sendable () async throws -> Void) async {
        do {
            if let other = try await cursor.claim() { return report { $0.holder = other.name } }
            report { $0.holder = nil }
            do { try await whileHeld(body) } catch { noteFailure("\(error)") }
            try await cursor.release()
        } catch {
            noteFailure("\(error)")
        }
    }
}
