import ThroughlineModel

/// Joins the two ends of requests between services while a map is built, and counts them.
struct MapCalls: Sendable {
    private struct Key: Hashable {
        var caller: MapName
        var called: MapName
    }

    private struct Count {
        var requests = 0
        var errors = 0
        var duration = PercentileSketch()

        mutating func add(_ answer: Answer) {
            requests += 1
            if answer.failed { errors += 1 }
            duration.add(answer.took)
        }
    }

    /// A request as the service that was called has recorded it.
    private struct Answer {
        var service: MapName
        var took: UInt64
        var failed: Bool
    }

    private var counts: [Key: Count] = [:]
    private var callers: BoundedMemory<MapMessageKey, MapName>
    private var answers: BoundedMemory<MapMessageKey, [Answer]>

    init(remembered: Int) {
        callers = BoundedMemory(capacity: remembered)
        answers = BoundedMemory(capacity: remembered)
    }

    /// The two ends come in any order; a service that calls itself is no edge.
    mutating func add(_ call: MapSample.Call, _ sample: MapSample, _ ended: Timestamp) {
        switch call {
        case .made(let span):
            callers.set(span, sample.service)
            guard !answers.isEmpty else { return }
            for answer in answers.remove(span) ?? [] where answer.service != sample.service {
                counts[Key(caller: sample.service, called: answer.service), default: Count()].add(answer)
            }
        case .answered(let caller):
            let answer = Answer(
                service: sample.service, took: sample.start.nanoseconds(until: ended), failed: sample.failed)
            guard let service = callers[caller] else {
                _ = answers.change(caller, new: []) { $0.append(answer) }
                return
            }
            if service != sample.service {
                counts[Key(caller: service, called: sample.service), default: Count()].add(answer)
            }
        }
    }

    func calls(_ text: (MapName) -> String) -> [ServiceMap.Call] {
        counts.map { key, count in
            ServiceMap.Call(
                caller: text(key.caller), called: text(key.called), count: count.requests, errors: count.errors,
                duration: count.duration.percentiles)
        }.sorted { ($0.caller, $0.called) < ($1.caller, $1.called) }
    }
}
