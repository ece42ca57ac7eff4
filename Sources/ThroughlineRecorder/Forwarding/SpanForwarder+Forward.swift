import Logging
import ThroughlineModel
import ThroughlineStore

extension SpanForwarder {
    /// Forwards until the goal is reached or the task is cancelled: takes the exporter, sends, and lets go of it.
    func forward() async {
        var backoff = newBackoff
        while goal != .soon, !Task.isCancelled {
            do {
                if let other = try await cursor.claim() {
                    note(other)
                    if goal == .empty { return }
                    await halt.wait(atMost: configuration.lease / 3, configuration.clock)
                    continue
                }
                report { $0.holder = nil }
                try await whileHeld { try await self.send() }
                break
            } catch is ForwardingError {
                configuration.logger.warning(
                    "Another process has taken the exporter over; this one waits.", metadata: ["exporter": "\(name)"])
            } catch is CancellationError {
                break
            } catch {
                noteFailure("\(error)")
                guard await pause(&backoff, after: .failed("\(error)", retryAfter: nil)) else { break }
            }
        }
        do { try await cursor.release() } catch { noteFailure("\(error)") }
    }

    /// Runs `body` and prolongs the lease meanwhile; ends it when the exporter was lost to somebody else.
    func whileHeld(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.prolongLease() }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func prolongLease() async throws {
        while true {
            try await configuration.clock.sleep(for: configuration.lease / 3)
            do {
                if try await cursor.claim() != nil { throw ForwardingError.lost }
            } catch let error as StoreError where error.code == .locked {
                // Two more tries before the lease ends.
                continue
            }
        }
    }

    private func send() async throws {
        var window = ForwardingWindow(after: try await cursor.position(), capacity: configuration.batchesInFlight)
        var backoff = newBackoff
        var failure = ExportOutcome.accepted(rejected: 0)
        let exporter = exporter
        try await look()
        try await withThrowingTaskGroup(of: (Int, ExportOutcome).self) { group in
            while !Task.isCancelled {
                // Asked before reading: what is stored after an empty reading, and before the end is wanted, is read too.
                let isEnding = goal == .empty
                while goal != .soon, let shipment = window.startNext() {
                    group.addTask { (shipment.id, await exporter.export(shipment.spans)) }
                }
                if try await readAhead(&window) { continue }
                if window.isSending, let (id, outcome) = try await group.next() {
                    window.finish(id, outcome)
                    if outcome.failure != nil {
                        // That the end came first says nothing about the collector.
                        if Task.isCancelled { continue }
                        failure = outcome
                    }
                    // An answer to what was sent before the failure does not end it.
                    if outcome.failure != nil || !window.isProbing { note(outcome) }
                    if !window.isProbing { backoff.reset() }
                    try await settle(&window)
                } else if window.isPaused {
                    if let reason = failure.failure { try await cursor.note(failure: reason) }
                    try await look()
                    guard await pause(&backoff, after: failure) else { return }
                    window.resume()
                } else {
                    try await settle(&window)
                    if goal == .soon || isEnding && window.isEmpty { return }
                    try await waitForNews(after: window.position)
                }
            }
        }
    }

    private func waitForNews(after position: Int64) async throws {
        guard goal == .never else { return }
        await news.wait(atMost: configuration.pollInterval, configuration.clock)
        // Spans that come one by one share a batch.
        if goal == .never, try await cursor.backlog(after: position).count > 0 {
            await hurry.wait(atMost: configuration.interval, configuration.clock)
        }
    }

    /// Reads one more batch when there is room for it: any when nothing is on its way, else only a full one.
    ///
    /// - Returns: False when nothing was read.
    private func readAhead(_ window: inout ForwardingWindow) async throws -> Bool {
        guard window.hasRoom, goal != .soon else { return false }
        if window.isSending, goal == .never {
            let waiting = try await cursor.backlog(after: window.position).count
            guard waiting >= configuration.batchSpans else { return false }
        }
        let batch = try await cursor.batch(after: window.position, limit)
        guard !batch.isEmpty else { return false }
        window.append(batch)
        return true
    }

    var limit: ExportLimit {
        ExportLimit(
            spans: configuration.batchSpans, bytes: configuration.batchBytes,
            includesUnsampled: configuration.includesUnsampled)
    }

    var newBackoff: Backoff {
        Backoff(
            initial: configuration.initialBackoff, maximum: configuration.maximumBackoff, random: configuration.random)
    }

    private func settle(_ window: inout ForwardingWindow) async throws {
        let settled = window.takeSettled()
        for settlement in settled {
            try await cursor.settle(settlement)
            note(settlement)
        }
        try await look()
    }

    /// Looks how much waits, counted from the cursor and not from what was read: what is on its way waits as well.
    func look() async throws {
        let position = try await cursor.position()
        let backlog = try await cursor.backlog(after: position)
        report { progress in
            progress.backlog = backlog.count
            progress.oldest = backlog.oldest
        }
        metrics.waiting(backlog.count, oldest: backlog.oldest, now: configuration.now())
    }

    /// Waits after a failure.
    ///
    /// - Returns: False when it is not to be tried again.
    func pause(_ backoff: inout Backoff, after failure: ExportOutcome) async -> Bool {
        if case .misconfigured = failure {
            // Whoever wants to come to an end does not wait for people.
            guard goal == .never else { return false }
            await hurry.wait(atMost: configuration.misconfigurationPause, configuration.clock)
        } else {
            var asked: Duration?
            if case .failed(_, let retryAfter) = failure { asked = retryAfter }
            let delay = backoff.next(retryAfter: asked)
            if let patience = configuration.patience, backoff.waited > patience { return false }
            await (asked == nil ? hurry : halt).wait(atMost: delay, configuration.clock)
        }
        return goal != .soon && !Task.isCancelled
    }
}

/// What is said to people and metrics.
extension SpanForwarder {
    private func note(_ other: ExportHolder) {
        let isNew = progress.holder != other.name
        report { $0.holder = other.name }
        guard isNew else { return }
        configuration.logger.notice(
            "Another process exports these spans; this one waits.",
            metadata: ["exporter": "\(name)", "holder": "\(other.name)"])
    }

    private func note(_ settlement: ForwardingWindow.Settlement) {
        switch settlement {
        case .accepted(_, let exported, let rejected):
            report { progress in
                progress.exported += exported
                progress.rejected += rejected
            }
            metrics.exported(exported, rejected: rejected)
        case .refused(let batch, let reason):
            report { progress in
                progress.setAside += batch.spans.count
                progress.refusal = reason
            }
            metrics.setAside(batch.spans.count)
            configuration.logger.error(
                "The collector has refused spans for good; they are set aside (throughline doctor).",
                metadata: ["exporter": "\(name)", "spans": "\(batch.spans.count)", "reason": "\(reason)"])
        }
    }

    func note(_ outcome: ExportOutcome) {
        switch outcome {
        case .failed(let reason, _): noteFailure(reason)
        case .misconfigured(let reason): noteFailure(reason, isMisconfigured: true)
        case .accepted, .refused:
            guard progress.failure != nil else { return }
            report { progress in
                progress.failure = nil
                progress.isMisconfigured = false
            }
            configuration.logger.info("The collector takes spans again.", metadata: ["exporter": "\(name)"])
        }
    }

    func noteFailure(_ reason: String, isMisconfigured: Bool = false) {
        let before = progress
        report { progress in
            progress.failures += 1
            progress.failure = reason
            progress.isMisconfigured = isMisconfigured
        }
        metrics.failed()
        let metadata: Logger.Metadata = ["exporter": "\(name)", "failure": "\(reason)"]
        if isMisconfigured, !before.isMisconfigured {
            configuration.logger.error(
                "The collector takes nothing from this exporter as it is set up; correct address or credentials. Spans stay in the store.",
                metadata: metadata)
        } else if !isMisconfigured, before.failure == nil {
            configuration.logger.warning(
                "Spans could not be exported; they stay in the store and are tried again.", metadata: metadata)
        }
    }
}
