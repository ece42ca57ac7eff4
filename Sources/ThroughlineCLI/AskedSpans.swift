import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// The spans that somebody asks about: by an id, by a part of one, or by an attribute.
struct AskedSpans {
    /// What was asked for, and the whole id where only one begins or ends so.
    let id: String
    let spans: [SpanReference]
    /// False when there are more than were looked for.
    let isAll: Bool

    /// An attribute on so many spans belongs to many flows.
    private static let mostWithAttribute = 1_000
    /// An index finds ids, so that their flows can be counted.
    private static let mostWithID = 50_000
    private static let mostIDs = 20

    /// The flow of one line of the list.
    init(_ flow: FlowSummary) {
        (id, spans, isAll) = (flow.id, [flow.firstSpan], true)
    }

    /// - Throws: a `Failure` that says how to get on when there is none.
    init(_ wanted: String, in reader: TraceReader, _ store: StoreOptions) throws {
        let most = wanted.contains("=") ? Self.mostWithAttribute : Self.mostWithID
        var found = try reader.find(wanted, limit: most)
        if found.isEmpty, let span = SpanReference(printed: wanted) {
            found = try reader.find(span.spanID.hex, limit: most).filter { $0 == span }
        }
        if !found.isEmpty {
            (id, spans, isAll) = (wanted, found, found.count < most)
            return
        }
        let ids = try reader.ids(like: wanted, limit: Self.mostIDs + 1)
        if ids.isEmpty { throw Failure.notFound(try Self.nothing(wanted, in: reader, store)) }
        id = ids.count == 1 ? ids[0] : wanted
        spans = try ids.prefix(Self.mostIDs).flatMap { try reader.find($0, limit: Self.mostWithID) }
        isAll = ids.count <= Self.mostIDs
    }

    /// A name is no id, but a way to ids.
    private static func nothing(_ wanted: String, in reader: TraceReader, _ store: StoreOptions) throws -> String {
        let path = store.resolvedPath
        if let equals = wanted.firstIndex(of: "=") {
            return "No span in \(path) has an attribute \(wanted[..<equals]) with the value "
                + "'\(wanted[wanted.index(after: equals)...])'."
        }
        let options: [(NameKind, String)] = [
            (.service, "--service"), (.destination, "--destination"), (.messageType, "--type"),
        ]
        for (kind, option) in options where try reader.knows(wanted, as: kind) {
            return "'\(wanted)' is no id but a \(kind.rawValue). Its flows: "
                + "throughline flows \(option) '\(wanted)'\(store.commandLine)"
        }
        let hint = wanted.count < 4 ? " The beginning or end of an id must have four characters." : ""
        return "Nothing in \(path) has the id '\(wanted)'.\(hint) 'throughline flows' lists what is there."
    }
}

extension SpanReference {
    /// Reads `<trace id>-<span id>`, as `flow --as json` names operations, and messages without an id of their own.
    init?(printed text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let trace = TraceID(hex: parts[0]), let span = SpanID(hex: parts[1]) else { return nil }
        self.init(traceID: trace, spanID: span)
    }
}

extension Operation.ID {
    init(_ span: SpanReference) { self.init(traceID: span.traceID, spanID: span.spanID) }
}
