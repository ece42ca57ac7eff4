import ThroughlineModel

/// Puts right what only the whole list shows: spans that two sides share, and spans without a time.
///
/// Zipkin's tracers may give the server's side of a call the id of the client's; see ``SharedSpan``.
struct SharedSpans {
    private struct Key: Hashable {
        let traceID: TraceID
        let spanID: SpanID
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
        // Their callers may never come; then what they name as their parent is the best that is known.
        for place in sharedPlaces
        where !callers.contains(Key(traceID: spans[place].traceID, spanID: spans[place].spanID)) {
            guard let parent = spans[place].parentID else { continue }
            spans[place].attributes[ZipkinAttribute.parentID] = .string(parent.hex)
        }
        SharedSpan.separate(Set(sharedPlaces), in: &spans)
        return timeless.isEmpty ? [] : place(&spans)
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
