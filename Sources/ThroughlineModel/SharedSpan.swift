/// Takes apart the two sides of a call that share one span id.
///
/// Zipkin's tracers may give the server's side of a call the id of the client's. OpenTelemetry has no such thing, so the
/// called side gets an id of its own, which is the same whenever and wherever it is read, and the caller's side as its
/// parent. Children of the called side name the shared id; those of the same service move below it.
package enum SharedSpan {
    /// Boolean: the span had the id of its parent, the caller's side.
    package static let attribute = "zipkin.shared"
    /// What such a span named as its parent, in hexadecimal, when its caller's side did not come with it.
    package static let parentAttribute = "zipkin.parent_id"

    /// Two spans of one id that are the two sides of a call.
    package static func areSides(_ first: SpanRecord, _ second: SpanRecord) -> Bool {
        first.kind.calls && second.kind.isCalled || first.kind.isCalled && second.kind.calls
    }

    /// The called sides among spans that may be of one trace or of many.
    package static func calledSides(of spans: [SpanRecord]) -> Set<Int> {
        let callers = Set(spans.lazy.filter(\.kind.calls).map { Side($0.traceID, $0.spanID, nil) })
        return Set(
            spans.indices.filter { place in
                let span = spans[place]
                return span.kind.isCalled && callers.contains(Side(span.traceID, span.spanID, nil))
            })
    }

    /// Gives the called sides, by their places, ids of their own.
    package static func separate(_ called: Set<Int>, in spans: inout [SpanRecord]) {
        guard !called.isEmpty else { return }
        var sides: [Side: SpanID] = [:]
        for place in called {
            let span = spans[place]
            let id = id(of: span)
            sides[Side(span.traceID, span.spanID, span.resource.serviceName)] = id
            spans[place].parentID = span.spanID
            spans[place].parentIsRemote = true
            spans[place].spanID = id
            spans[place].attributes[attribute] = true
        }
        for place in spans.indices where !called.contains(place) {
            let span = spans[place]
            guard let parent = span.parentID,
                let id = sides[Side(span.traceID, parent, span.resource.serviceName)]
            else { continue }
            spans[place].parentID = id
        }
    }

    private struct Side: Hashable {
        let traceID: TraceID
        let spanID: SpanID
        let service: String?

        init(_ traceID: TraceID, _ spanID: SpanID, _ service: String?) {
            self.traceID = traceID
            self.spanID = spanID
            self.service = service
        }
    }

    /// FNV-1a over trace id, span id and service name: two services may share one client's id.
    private static func id(of span: SpanRecord) -> SpanID {
        var hash = FNV1a()
        for word in [span.traceID.high, span.traceID.low, span.spanID.rawValue] {
            for shift in stride(from: 56, through: 0, by: -8) {
                hash.add(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        hash.add(span.resource.serviceName ?? "")
        return SpanID(hash.value == 0 ? 1 : hash.value)
    }
}

extension SpanKind {
    fileprivate var calls: Bool { self == .client || self == .producer }
    fileprivate var isCalled: Bool { self == .server || self == .consumer }
}
