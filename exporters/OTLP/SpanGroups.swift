import ThroughlineModel

/// Ended spans by resource and scope, in the order in which those first appear.
struct SpanGroups {
    struct Scope {
        let scope: InstrumentationScope
        /// Where the spans stand among the records.
        var spans: [Int]
    }

    struct Group {
        let resource: Resource
        var scopes: [Scope]
    }

    private(set) var groups: [Group] = []

    init(_ records: [SpanRecord]) {
        // Spans of one batch come from one process as a rule, and an array is compared by its storage first.
        var group = -1
        var scope = -1
        for index in records.indices where records[index].end != nil {
            if group < 0 || groups[group].resource != records[index].resource {
                group = self.group(of: records[index].resource)
                scope = -1
            }
            if scope < 0 || groups[group].scopes[scope].scope != records[index].scope {
                scope = self.scope(of: records[index].scope, in: group)
            }
            groups[group].scopes[scope].spans.append(index)
        }
    }

    private mutating func group(of resource: Resource) -> Int {
        if let known = groups.firstIndex(where: { $0.resource == resource }) { return known }
        groups.append(Group(resource: resource, scopes: []))
        return groups.count - 1
    }

    private mutating func scope(of scope: InstrumentationScope, in group: Int) -> Int {
        if let known = groups[group].scopes.firstIndex(where: { $0.scope == scope }) { return known }
        groups[group].scopes.append(Scope(scope: scope, spans: []))
        return groups[group].scopes.count - 1
    }
}

/// OTLP's `SpanFlags` (trace.proto): the W3C flags, and whether the context came from elsewhere.
enum WireFlags {
    private static let isRemoteKnown: UInt32 = 0x100
    private static let isRemote: UInt32 = 0x200

    static func value(_ flags: TraceFlags, isRemote: Bool) -> UInt32 {
        UInt32(flags.rawValue) | isRemoteKnown | (isRemote ? Self.isRemote : 0)
    }

    /// What a link has that says nothing: senders older than the field leave it out, others send 0, and neither is a word
    /// of the linked span not having been sampled.
    static let untold: TraceFlags = [.sampled]

    static func linkParts(of value: UInt32) -> (flags: TraceFlags, isRemote: Bool) {
        value == 0 ? (untold, false) : parts(of: value)
    }

    static func parts(of value: UInt32) -> (flags: TraceFlags, isRemote: Bool) {
        (TraceFlags(rawValue: UInt8(truncatingIfNeeded: value)), value & isRemote != 0)
    }
}
