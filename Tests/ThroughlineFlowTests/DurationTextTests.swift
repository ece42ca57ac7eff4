import Testing

@testable import ThroughlineFlow

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            (0, "0 ms"), (400_000, "0.4 ms"), (4_000_000, "4 ms"), (9_960_000, "10 ms"), (310_400_000, "310 ms"),
            (999_600_000, "1 s"), (1_200_000_000, "1.2 s"), (2_310_000_000, "2.31 s"), (1_050_000_000, "1.05 s"),
            (41_000_000_000, "41 s"), (125_000_000_000, "2 min 5 s"), (11_400_000_000_000, "3 h 10 min"),
            (172_800_000_000_000, "2 d"),
        ] as [(UInt64, String)])
    func `durations have at most three digits and the unit that fits`(nanoseconds: UInt64, text: String) {
        #expect(DurationText.short(nanoseconds) == text)
    }
}
