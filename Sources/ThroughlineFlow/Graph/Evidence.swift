/// The relation that proves an edge of a flow, strongest first.
public enum Evidence: Int, Hashable, Sendable, CaseIterable {
    /// One span is the child of the other, or descends from it.
    case parent
    /// One span links to the other.
    case link
    /// Sender and handler name the same message id.
    case messageID
    /// A message names the other one as its cause.
    case causationID
    /// Both merely belong to the same flow.
    case correlationID

    /// The words of the vocabulary, such as `message id`.
    public var name: String {
        switch self {
        case .parent: "parent"
        case .link: "link"
        case .messageID: "message id"
        case .causationID: "causation id"
        case .correlationID: "correlation id"
        }
    }
}

extension Evidence: Comparable {
    /// The stronger evidence is the smaller.
    public static func < (left: Evidence, right: Evidence) -> Bool { left.rawValue < right.rawValue }
}
