import Dispatch
import Synchronization

/// Work cut into parts that do not look at one another, done on as many cores as there are.
///
/// How it is cut depends on the work alone and never on the machine, so that what comes out is the same everywhere.
enum SideBySide {
    /// What is worth being handed to another core: less takes hardly longer than the handing over.
    private static let size = 16_384
    private static let mostParts = 16

    /// Ranges of about the same length that together are all places below a count; one of them where they are few.
    static func ranges(_ count: Int) -> [Range<Int>] {
        let parts = min(max(1, count / size), mostParts)
        return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
    }

    /// Ranges of lists that together are all of them, each with about as many elements.
    ///
    /// - Parameter starts: where each list begins; the last one is where all end.
    static func ranges(of starts: [Int]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for range in ranges(starts.last ?? 0) {
            let first = found.last?.upperBound ?? 0
            let end = starts[first...].firstIndex { $0 >= range.upperBound } ?? first
            if end > first { found.append(first..<end) }
        }
        return found
    }

    /// What comes of each part, in the order of the parts.
    static func map<Part: Sendable, Result: Sendable>(
        _ parts: [Part], _ work: @Sendable (Part) -> Result
    ) -> [Result] {
        guard parts.count > 1 else { return parts.map(work) }
        let results = Mutex<[Result?]>(Array(repeating: nil, count: parts.count))
        DispatchQueue.concurrentPerform(iterations: parts.count) { place in
            let result = work(parts[place])
            results.withLock { $0[place] = result }
        }
        return results.withLock { $0.compactMap(\.self) }
    }

    /// An array whose elements do not depend on one another.
    static func array<Element: Sendable>(_ count: Int, _ element: @Sendable (Int) -> Element) -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Each part makes the elements of its own range, which no other part does.
            nonisolated(unsafe) let elements = buffer
            _ = map(ranges(count)) { range in
                for place in range { elements.initializeElement(at: place, to: element(place)) }
            }
            initialized = count
        }
    }

    /// Changes each element by itself.
    static func change<Element: Sendable>(
        _ array: inout [Element], _ change: @Sendable (Int, inout Element) -> Void
    ) {
        array.withUnsafeMutableBufferPointer { buffer in
            // Each part changes the elements of its own range, which no other part looks at.
            nonisolated(unsafe) let elements = buffer
            _ = map(ranges(elements.count)) { range in
                for place in range { change(place, &elements[place]) }
            }
        }
    }
}
