import Testing

@testable import ThroughlineKafka

@Suite struct OffsetTrackerTests {
    @Test func `The position is what comes after the contiguous finished run, across gaps in the offsets`() {
        var tracker = OffsetTracker()
        for offset in [3, 4, 9, 10] as [Int64] { _ = tracker.receive(offset) }
        #expect(tracker.position == nil)
        tracker.finish(4)
        tracker.finish(10)
        #expect(tracker.position == nil)
        tracker.finish(3)
        #expect(tracker.position == 5)
        tracker.finish(9)
        #expect(tracker.position == 11)
    }

    @Test func `An offset out of order is refused`() {
        var tracker = OffsetTracker()
        #expect([7, 7, 6].map { tracker.receive($0) } == [true, false, false])
        tracker.finish(7)
        #expect([7, 8].map { tracker.receive($0) } == [false, true])
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `In whatever order messages finish, nothing unfinished is ever passed`(seed: UInt64) {
        var random = SplitMix(state: seed)
        var tracker = OffsetTracker()
        var next: Int64 = 0
        var unfinished: Set<Int64> = []
        var violations = 0
        for _ in 0..<20_000 {
            if unfinished.count < 64, Bool.random(using: &random) {
                next += Int64.random(in: 1...3, using: &random)
                if !tracker.receive(next) { violations += 1 }
                unfinished.insert(next)
            } else if let offset = unfinished.randomElement(using: &random) {
                unfinished.remove(offset)
                tracker.finish(offset)
                let isRight = unfinished.min().map { (tracker.position ?? 0) <= $0 } ?? (tracker.position == next + 1)
                if !isRight { violations += 1 }
            }
        }
        #expect(violations == 0)
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
