import Testing

@testable import ThroughlineFlow

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            (0, "0 ms"), (1, "< 0.1 ms"), (49_999, "< 0.1 ms"), (50_000, "0.1 ms"), (400_000, "0.4 ms"),
            (4_000_000, "4 ms"), (9_960_000, "10 ms"), (310_400_000, "310 ms"),
            (999_600_000, "1 s"), (1_200_000_000, "1.2 s"), (2_310_000_000, "2.31 s"), (1_050_000_000, "1.05 s"),
            (41_000_000_000, "41 s"), (125_000_000_000, "2 min 5 s"), (11_400_000_000_000, "3 h 10 min"),
            (172_800_000_000_000, "2 d"),
        ] as [(UInt64, String)])
    func `durations have at most three digits and the unit that fits`(nanoseconds: UInt64, text: String) {
        #expect(DurationText.short(nanoseconds) == text)
    }

    @Test func `of several durations there are the shortest and the longest, as far as they differ in words`() {
        #expect(DurationText.spread([4_000_000, 31_000_000]) == "4–31 ms")
        #expect(DurationText.spread([400_000, 1_200_000_000]) == "0.4 ms–1.2 s")
        #expect(DurationText.spread([20_000, 300_000]) == "up to 0.3 ms" && DurationText.spread([1, 2]) == "< 0.1 ms")
        #expect(DurationText.spread([]) == nil)
    }
}
