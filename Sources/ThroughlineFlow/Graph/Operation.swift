public import ThroughlineModel

/// One span of a flow, with what it says about messages already read.
public struct Operation: Identifiable, Sendable {
    /// What tells one operation from every other.
    public struct ID: Hashable, Sendable {
        /// The trace.
        public var traceID: TraceID
        /// The span inside its trace.
        public var spanID: SpanID

        /// Makes the id of a span.
        public init(traceID: TraceID, spanID: SpanID) {
            self.traceID = traceID
            self.spanID = spanID
        }
    }

    /// Its row among those of all operations that were read together, so that operations are copied at the cost of a
    /// pointer.
    let reading: OperationReading

    /// The span as it was recorded.
    public var record: SpanRecord { reading.record }
    /// What the span says about messages; nil when it is no messaging span (HTTP, a database, the application's own).
    public var messaging: MessageView? { reading.row.isMessaging ? MessageView(reading) : nil }
    /// What the span says that only few spans do.
    var marks: OperationMarks { reading.marks }

    /// Reads a span.
    public init(_ record: SpanRecord) {
        reading = OperationReading(table: OperationTable(record), position: 0)
    }

    init(_ reading: OperationReading) {
        self.reading = reading
    }

    /// Trace and span id.
    public var id: ID { reading.id }

    /// The operation that this one is a child of; it may never have been recorded.
    public var parentID: ID? { reading.row.parentID }

    /// The resource's `service.name`, or `unknown_service`, OpenTelemetry's word for it.
    public var service: String { reading.service }

    /// True when the span ended in an error, by its status or by `error.type`.
    public var failed: Bool { reading.failed }

    /// The kind of error: `error.type`, else the type of a recorded exception, else the status's message; nil when it
    /// did not fail.
    public var error: String? {
        guard reading.failed else { return nil }
        let record = record
        let type = marks.contains(.errorType) ? record.attributes[MessagingAttribute.errorType]?.stringValue : nil
        let exception = record.events.last { $0.name == "exception" }
        return type ?? exception?.attributes["exception.type"]?.stringValue ?? record.status.message ?? "error"
    }

    /// True when the span began and, as far as anyone knows, never ended.
    public var isUnfinished: Bool { reading.end == nil }

    /// True when a message is published by it (`create` or `send`).
    public var publishes: Bool { reading.row.publishes }

    /// True when a message is handled by it, or taken from the broker (`process` or `receive`). False for a `receive` that
    /// nothing says a message of, neither the span nor what the flow has around it.
    public var handles: Bool { reading.row.handles }

    /// What there is to say of a pull that no message is known of; nil for any other operation.
    package var emptiness: String? {
        guard reading.row.operation == .receive, !handles, !failed, !isUnfinished else { return nil }
        return reading.row.batchSize == 0 ? "pulled nothing" : "pulled; which message, if any, was not recorded"
    }

    /// It sets a message aside that was given up.
    var isDeadLettering: Bool { reading.row.isDeadLettering }
}

extension Operation.ID: Comparable {
    /// By trace, then by span; the order means nothing.
    public static func < (left: Self, right: Self) -> Bool {
        left.traceID == right.traceID ? left.spanID < right.spanID : left.traceID < right.traceID
    }
}

extension Operation.ID {
    init(_ context: SpanContext) {
        self.init(traceID: context.traceID, spanID: context.spanID)
    }
}
