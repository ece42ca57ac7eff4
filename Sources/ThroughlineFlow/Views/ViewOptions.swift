/// How much of a flow a view shows, and how.
public struct ViewOptions: Sendable {
    /// True to write ANSI colours; only the tree has any, and says nothing by colour alone.
    public var isColoured = false
    /// What is shown one by one although it could be folded.
    public var unfolding = Unfolding.nothing
    /// The id that was asked about: it is marked, and shown before other things.
    public var focus: String?
    /// How many characters a line of the tree has; nil for as many as it needs.
    public var columns: Int?
    /// How many lines the tree has at most; nil for as many as it needs. What ``unfolding`` names comes on top.
    public var lines: Int?

    /// Makes the options of a picture in a document.
    public init() {}
}
