import ThroughlineFlow
import ThroughlineModel
import ThroughlineStore

/// The list of flows for people. In a narrow terminal names are shortened, and then what matters least is left out; the
/// time and the end of the id, by which flows are told apart and asked for, are always there.
struct FlowTable {
    private enum Name: String, CaseIterable {
        case started = "STARTED"
        case took = "TOOK"
        case messages = "MESSAGES"
        case errors = "ERRORS"
        case traces = "TRACES"
        case services = "SERVICES"
        case flow = "FLOW"

        var isNumber: Bool { [.took, .messages, .errors, .traces].contains(self) }
        /// The first to be left out comes first.
        static let expendable = [traces, services, messages, errors, took]
    }

    private struct Column {
        let name: Name
        let cells: [String]
        /// What it can be shortened to.
        let least: Int
        let width: Int

        init(_ name: Name, _ cells: [String], least: Int? = nil) {
            self.name = name
            self.cells = cells
            width = ([name.rawValue] + cells).map(OneLine.columns).max() ?? 0
            self.least = min(width, least ?? width)
        }
    }

    private let flows: [FlowSummary]
    private var columns: [Column]

    /// - Parameter limit: How many columns of characters the terminal has; nil for as many as it takes.
    init(_ flows: [FlowSummary], columns limit: Int?) {
        self.flows = flows
        columns = [
            Column(.started, flows.map(\.startedAt.iso8601)),
            Column(.took, flows.map { Output.duration(milliseconds: Double($0.durationNanoseconds) / 1e6) }),
            Column(.messages, flows.map { "\($0.isCut ? "≥ " : "")\($0.messages)" }),
            Column(.errors, flows.map(Self.troubles)),
            Column(.traces, flows.map { "\($0.traceIDs.count)" }),
            Column(
                .services, flows.map { limit == nil ? $0.services.joined(separator: ",") : Self.services($0.services) },
                least: Self.leastOfServices),
            Column(.flow, flows.map { FlowName.of($0.title, $0.id) }, least: Self.least(ofNames: flows)),
        ]
        if let limit, Self.width(columns, \.width) > limit { fit(limit) }
    }

    var text: String {
        Output.table(
            columns.map(\.name.rawValue), flows.indices.map { row in columns.map { $0.cells[row] } },
            rightAligned: Set(columns.indices.filter { columns[$0].name.isNumber }))
    }

    private mutating func fit(_ limit: Int) {
        columns[0] = Column(.started, flows.map { Self.short($0.startedAt) })
        for name in Name.expendable where Self.width(columns, \.least) > limit {
            columns.removeAll { $0.name == name }
        }
        let flow = columns.count - 1
        func room(besides places: Int...) -> Int {
            limit - Self.width(columns, \.width) + places.reduce(0) { $0 + columns[$1].width }
        }
        if let services = columns.firstIndex(where: { $0.name == .services }) {
            // Half of the room, or more where the other needs less.
            let both = room(besides: services, flow)
            let wanted = max(both / 2, both - columns[flow].width)
            let width = max(columns[services].least, min(wanted, both - columns[flow].least))
            columns[services] = Column(.services, flows.map { Self.services($0.services, columns: width) })
        }
        let width = room(besides: flow)
        columns[flow] = Column(.flow, flows.map { FlowName.of($0.title, $0.id, columns: width) })
    }

    private static func width(_ columns: [Column], _ width: KeyPath<Column, Int>) -> Int {
        columns.reduce(Output.gap.count * (columns.count - 1)) { $0 + $1[keyPath: width] }
    }

    private static let leastOfServices = 10

    /// The ids, and a little of what they are ids of.
    private static func least(ofNames flows: [FlowSummary]) -> Int {
        flows.map { OneLine.columns(FlowName.of($0.title, $0.id, columns: 0)) }.max() ?? 0
    }

    /// Month, day and time.
    private static func short(_ time: Timestamp) -> String {
        String(time.iso8601.dropFirst(5).prefix(14)).replacing("T", with: " ")
    }

    /// Some names, and how many there are beside them.
    private static func services(_ names: [String], columns limit: Int = .max) -> String {
        func some(_ count: Int) -> String {
            let rest = names.count - count
            return OneLine.of(names.prefix(count).joined(separator: ",")) + (rest > 0 ? ",+\(rest)" : "")
        }
        let usual = some(names.count <= 3 ? names.count : 2)
        return OneLine.columns(usual) <= limit ? usual : OneLine.fitted(some(1), columns: limit)
    }

    /// What went wrong, and what was begun and never ended.
    private static func troubles(_ flow: FlowSummary) -> String {
        let counted = [
            (flow.errors, "✗"), (flow.deadLetters, "dead"), (flow.rejected, "rejected"),
            (flow.unfinished, "unfinished"),
        ]
        let found = counted.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return found.isEmpty ? "-" : found.joined(separator: " ")
    }
}
