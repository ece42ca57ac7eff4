public import ThroughlineModel

/// One run of a saga, as the spans of its steps tell it.
public struct Saga: Identifiable, Hashable, Sendable {
    /// What tells one run from every other.
    public struct ID: Hashable, Sendable {
        /// The kind of saga, such as `OrderFulfilment`; nil when no span says.
        public var type: String?
        /// The run.
        public var run: String
    }

    /// One thing that the saga did, or undid.
    public struct Step: Hashable, Sendable {
        /// The operation that carried it out.
        public var operation: Operation.ID
        /// Its name; nil where only the state was recorded.
        public var name: String?
        /// The state of the saga after it; nil when it was not recorded.
        public var state: String?
        /// True when the step failed, or undoing it did.
        public var failed: Bool
        /// True when it undoes an earlier step.
        public var compensation: Bool
        /// When it began.
        public var start: Timestamp
        /// When it ended; nil when it never did.
        public var end: Timestamp?
        /// The message whose handling it was, when there is one.
        public var message: Message.ID?
    }

    /// Kind and run.
    public let id: ID
    /// What it did, causes first, then in the order in which it ended; what never ended comes last.
    public internal(set) var steps: [Step]

    /// The states that it went through, each change once.
    public var states: [String] {
        var states: [String] = []
        for state in steps.lazy.compactMap(\.state) where states.last != state { states.append(state) }
        return states
    }

    /// The state after the last step that says one.
    public var state: String? { states.last }

    /// True when something that it did was undone.
    public var wasCompensated: Bool { steps.contains(where: \.compensation) }

    /// True when a step failed.
    public var failed: Bool { steps.contains(where: \.failed) }

    /// True when a step began and never ended.
    public var isUnfinished: Bool { steps.contains { $0.end == nil } }
}
