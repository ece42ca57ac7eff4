import Tracing

/// An operation between its beginning and its end: its span, and what is measured beside it.
///
/// What is known of the message is worked out before, in functions that do not wait, so that none of it lies in the
/// memory of a task that waits for a broker.
struct OpenOperation {
    /// Nil when the operation is not recorded.
    let span: (any Span)?
    /// What the work is done in.
    let context: ServiceContext
    let measurement: MessagingMetrics.Measurement?

    /// Does the work and ends the operation; a failure is recorded once.
    func run<Result>(_ work: () async throws -> Result) async rethrows -> Result {
        defer { span?.end() }
        do {
            let result = try await ServiceContext.withValue(context, operation: work)
            measurement?.end(failure: nil)
            return result
        } catch {
            measurement?.end(failure: error)
            span?.record(failure: error)
            throw error
        }
    }
}
