import ThroughlineModel

/// Reads spans into rows, whichever convention they were written in; see ``MessageView`` for what is read.
struct OperationReader {
    /// What the rows refer to that were read.
    private(set) var columns: OperationColumns
    private var resources = ResourceNames()
    /// What keys stand for.
    private var fields = TextMemo<AttributeField.Entry?>(capacity: 256, nothing: nil)
    private var linkFields = TextMemo<LinkScan.Field?>(capacity: 64, nothing: nil)
    /// The names of texts that come again from span to span.
    private var repeated = TextMemo<Name>(capacity: 1024, nothing: .absent)
    /// Those of ids that come again within a flow, and never after it.
    private var recent = TextMemo<Name>(capacity: 2, nothing: .absent)

    /// - Parameter count: how many spans will be read, about.
    init(count: Int) {
        columns = OperationColumns(count: count)
    }

    /// Reads the record at a place among the records. It is looked at where it lies: a copy would count twenty
    /// references.
    mutating func read(_ record: UnsafePointer<SpanRecord>, at place: Int) -> OperationRow {
        var row = OperationRow(
            id: Operation.ID(record), parentSpan: record.pointee.parentID, start: record.pointee.start,
            end: record.pointee.end, kind: record.pointee.kind)
        row.record = Int32(truncatingIfNeeded: place)
        (row.service, row.host) = resources.names(of: record, &columns.names)
        row.failed = record.pointee.status.code == .error
        if !record.pointee.links.isEmpty { readLinks(record, &row) }
        record.pointee.attributes.withElements { elements in
            let scan = AttributeScan(elements, &fields)
            row.marks.insert(scan)
            if scan.has(.errorType) { row.failed = true }
            if let role = SpanRole(record, scan) { readMessage(record, scan, role, &row) }
        }
        if !row.isMessaging { row.members = .none }
        return row
    }

    private mutating func readMessage(
        _ record: UnsafePointer<SpanRecord>, _ scan: AttributeScan, _ role: SpanRole, _ row: inout OperationRow
    ) {
        row.isMessaging = true
        row.operation = role.operation
        row.publishes = role.operation == .send || role.operation == .create
        row.handles = role.operation == .process || role.operation == .receive
        row.system = repeated(role.system)
        row.destination = repeated(DestinationName.of(scan, publishes: row.publishes, record) ?? role.destination)
        row.group = repeated(scan.string(.group) ?? role.group)
        row.messageID = name(scan.string(.messageID))
        row.correlationID =
            scan.string(.correlationID).map { recent.found(for: $0) { columns.names.name($0) } } ?? .absent
        row.ownCorrelationID = name(scan.string(.ownCorrelationID))
        row.causationCorrelationID = name(scan.string(.causationCorrelationID))
        row.type = repeated(MessageTypeName.of(scan))
        readCauses(scan, &row)
        row.batchSize = scan.integer(.batchSize).map(Int.init(clamping:))
        row.intent = scan.string(.intent).flatMap { MessageIntent.words[$0] }
        row.attempt = (scan.integer(.attempt) ?? scan.integer(.retryCount).map { $0 &+ 1 }).map(Int.init(clamping:))
        row.settlement = Settlement(scan, role.operation, name: record.pointee.name)
        row.enqueuedTime = Timestamp(
            enqueuedNanoseconds: scan.integer(.enqueuedNanoseconds), seconds: scan.integer(.enqueuedSeconds))
        row.queueTime = scan.integer(.queueNanoseconds).flatMap(UInt64.init(exactly:))
        if row.queueTime == nil, let milliseconds = scan.integer(.queueMilliseconds).flatMap(UInt64.init(exactly:)) {
            row.queueTime = milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        }
    }

    private mutating func name(_ text: String?) -> Name { columns.names.name(text) }

    private mutating func repeated(_ text: String?) -> Name {
        text.map { repeated.found(for: $0) { columns.names.name($0) } } ?? .absent
    }

    private mutating func readCauses(_ scan: AttributeScan, _ row: inout OperationRow) {
        let start = columns.causes.count
        scan.forEachString(.causationIDs) { addCause($0, since: start) }
        if let cause = scan.string(.causationID) { addCause(cause, since: start) }
        row.causes = Part(start...columns.causes.count)
    }

    private mutating func addCause(_ text: String, since start: Int) {
        let cause = name(text)
        for place in start..<columns.causes.count where columns.causes[place] == cause { return }
        columns.causes.append(cause)
    }

    private mutating func readLinks(_ record: UnsafePointer<SpanRecord>, _ row: inout OperationRow) {
        let (firstLink, firstMember) = (columns.links.count, columns.members.count)
        record.pointee.links.withUnsafeBufferPointer { found in
            for place in found.indices {
                let link = found.baseAddress.unsafelyUnwrapped + place
                link.pointee.attributes.withElements { elements in
                    let scan = LinkScan(elements, &linkFields)
                    row.marks.insert(scan.type)
                    columns.links.append(
                        LinkRow(
                            target: Operation.ID(link), type: scan.type, isSampled: link.pointee.context.isSampled))
                    if scan.describesMessage { readMember(link, scan, at: place) }
                }
            }
        }
        row.links = Part(firstLink...columns.links.count)
        row.members = Part(firstMember...columns.members.count)
    }

    private mutating func readMember(_ link: UnsafePointer<SpanLink>, _ scan: LinkScan, at place: Int) {
        var member = MemberRow(link: Int32(truncatingIfNeeded: place), target: Operation.ID(link))
        if !scan.isEmpty {
            member.intent = scan.intent
            member.messageID = name(scan.messageID)
            member.correlationID = name(scan.correlationID)
            member.type = name(scan.messageType)
            let start = columns.causes.count
            columns.causes += scan.causationIDs.map { name($0) }
            member.causes = Part(start...columns.causes.count)
            member.attempt = scan.attempt
            member.enqueuedTime = scan.enqueuedTime
        }
        columns.members.append(member)
    }
}

extension Part {
    fileprivate init(_ bounds: ClosedRange<Int>) {
        self.init(
            start: Int32(truncatingIfNeeded: bounds.lowerBound), count: Int32(truncatingIfNeeded: bounds.count - 1))
    }
}

extension Operation.ID {
    init(_ record: UnsafePointer<SpanRecord>) {
        self.init(traceID: record.pointee.traceID, spanID: record.pointee.spanID)
    }

    fileprivate init(_ link: UnsafePointer<SpanLink>) {
        self.init(traceID: link.pointee.context.traceID, spanID: link.pointee.context.spanID)
    }
}
