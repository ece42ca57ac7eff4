import ThroughlineModel

/// Puts right what only the whole list shows: spans that two sides share, and spans without a time.
///
/// Zipkin's tracers may give the server's side of a call the id of the client's. OpenTelemetry has no such thing, so the
/// server's side gets an id of its own, which is the same whenever and wherever it is read, and the client's side as its
/// parent. Children of the server's side name the shared id; those of the same service that are in the list move below it.
struct SharedSpans {
    private struct Key: Hashable {
        let traceID: TraceID
        let spanID: SpanID
    }

    private struct Side: Hashable {
        let key: Key
        let service: String?

        init(_ span: SpanRecord, _ id: SpanID) {
            key = Key(traceID: span.traceID, spanID: id)
            service = span.resource.serviceName
        }
    }

    private struct Timeless {
        let place: Int
        let index: Int
        let offset: Int
    }

    private var sharedPlaces: [Int] = []
    private var calledPlaces: [Int] = []
    private var callers: Set<Key> = []
    private var timeless: [Timeless] = []

    /// Takes note of a span that will stand at a place of the list.
    mutating func note(_ span: ZipkinSpan, at place: Int, _ index: Int, _ offset: Int) {
        switch span.kind {
        case .client, .producer: callers.insert(Key(traceID: span.traceID, spanID: span.id))
        case .server, .consumer: if !span.isShared { calledPlaces.append(place) }
        default: break
        }
        if span.isShared { sharedPlaces.append(place) }
        if span.timestamp == nil, span.annotations.allSatisfy({ $0.timestamp == nil }) {
            timeless.append(Timeless(place: place, index: index, offset: offset))
        }
    }

    /// Returns the elements that are left out, because there is no time to put them at.
    mutating func apply(to spans: inout [SpanRecord]) -> [(index: Int, offset: Int)] {
        // Tracers that do not say so: the same id on both sides.
        sharedPlaces += calledPlaces.filter { place in
            callers.contains(Key(traceID: spans[place].traceID, spanID: spans[place].spanID))
        }
        if !sharedPlaces.isEmpty { separate(&spans) }
        return timeless.isEmpty ? [] : place(&spans)
    }

    private func separate(_ spans: inout [SpanRecord]) {
        var sides: [Side: SpanID] = [:]
        let shared = Set(sharedPlaces)
        for place in shared {
            let span = spans[place]
            let side = Side(span, span.spanID)
            let id = Self.id(of: span, side.service ?? "")
            sides[side] = id
            spans[place].parentID = span.spanID
            spans[place].parentIsRemote = true
            spans[place].spanID = id
            spans[place].attributes[ZipkinAttribute.shared] = true
        }
        for place in spans.indices where !shared.contains(place) {
            guard let parent = spans[place].parentID, let id = sides[Side(spans[place], parent)] else { continue }
            spans[place].parentID = id
        }
    }

    /// FNV-1a over trace id, span id and service name: two services may share one client's id.
    private static func id(of span: SpanRecord, _ service: String) -> SpanID {
        var hash = FNV1a()
        for word in [span.traceID.high, span.traceID.low, span.spanID.rawValue] {
            for shift in stride(from: 56, through: 0, by: -8) {
                hash.add(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        hash.add(service)
        return SpanID(hash.value == 0 ? 1 : hash.value)
    }

    /// Spans without a time begin with their parent, else with the first span of their trace.
    private func place(_ spans: inout [SpanRecord]) -> [(index: Int, offset: Int)] {
        let places = Set(timeless.map(\.place))
        let traces = Set(places.map { spans[$0].traceID })
        var starts: [Key: Timestamp] = [:]
        var firsts: [TraceID: Timestamp] = [:]
        for place in spans.indices where traces.contains(spans[place].traceID) && !places.contains(place) {
            let span = spans[place]
            starts[Key(traceID: span.traceID, spanID: span.spanID)] = span.start
            firsts[span.traceID] = min(firsts[span.traceID] ?? span.start, span.start)
        }
        var lost: [Int: Timeless] = [:]
        for element in timeless {
            let span = spans[element.place]
            let parent = span.parentID.flatMap { starts[Key(traceID: span.traceID, spanID: $0)] }
            guard let time = parent ?? firsts[span.traceID] else {
                lost[element.place] = element
                continue
            }
            spans[element.place].setTime(time)
        }
        if !lost.isEmpty { spans = spans.indices.filter { lost[$0] == nil }.map { spans[$0] } }
        return lost.values.map { ($0.index, $0.offset) }.sorted { $0.index < $1.index }
    }
}

extension SpanRecord {
    fileprivate mutating func setTime(_ time: Timestamp) {
        if let duration { end = time.advanced(byNanoseconds: duration) }
        start = time
        for index in events.indices { events[index].time = time }
        attributes[ZipkinAttribute.timeInferred] = true
    }
}
