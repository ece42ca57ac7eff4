import ThroughlineModel

/// What an operation is known to say, so that nobody looks for what is not there.
struct OperationMarks: OptionSet, Sendable, Hashable {
    var rawValue: UInt16

    static let saga = OperationMarks(rawValue: 1 << 0)
    static let deadLetter = OperationMarks(rawValue: 1 << 1)
    static let outbox = OperationMarks(rawValue: 1 << 2)
    static let due = OperationMarks(rawValue: 1 << 3)
    static let replay = OperationMarks(rawValue: 1 << 4)
    static let ignoredHeaders = OperationMarks(rawValue: 1 << 5)
    static let fanInLink = OperationMarks(rawValue: 1 << 6)
    static let retryLink = OperationMarks(rawValue: 1 << 7)
    static let deadLetterLink = OperationMarks(rawValue: 1 << 8)
    static let replayLink = OperationMarks(rawValue: 1 << 9)
    static let errorType = OperationMarks(rawValue: 1 << 10)
    /// Something of a message, such as its size or its offset.
    static let content = OperationMarks(rawValue: 1 << 11)

    mutating func insert(_ scan: AttributeScan) {
        if scan.has(.saga) { insert(.saga) }
        if scan.has(.deadLetter) { insert(.deadLetter) }
        if scan.has(.outbox) { insert(.outbox) }
        if scan.has(.due) { insert(.due) }
        if scan.isTrue(.replay) { insert(.replay) }
        if scan.has(.ignoredHeaders) { insert(.ignoredHeaders) }
        if scan.has(.errorType) { insert(.errorType) }
        if scan.has(.content) { insert(.content) }
    }

    mutating func insert(_ type: LinkType?) {
        switch type {
        case .fanIn: insert(.fanInLink)
        case .retryOf: insert(.retryLink)
        case .deadLetterOf: insert(.deadLetterLink)
        case .replayOf: insert(.replayLink)
        case .creation, .batchMember, .ambient, nil: break
        }
    }
}
