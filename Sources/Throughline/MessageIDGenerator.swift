import ThroughlineModel
import Tracing

/// Makes message ids: UUIDs of version 7 (RFC 9562, section 5.7), so that ids sort by the time they were made.
public struct MessageIDGenerator: Sendable {
    private let make: @Sendable () -> String

    /// Uses a function of yours, which must never return the same id twice; tests give their own here.
    public init(_ make: @escaping @Sendable () -> String) {
        self.make = make
    }

    /// UUIDs of version 7, from the system's clock and a generator seeded by the system once.
    public static let uuidV7 = MessageIDGenerator { [random = IDGenerator()] in
        uuid(
            milliseconds: DefaultTracerClock.now.millisecondsSinceEpoch, random.randomBits(), random.randomBits())
    }

    func callAsFunction() -> String { make() }

    /// 48 bits of milliseconds, version 7, 12 random bits, variant 10, 62 random bits.
    static func uuid(milliseconds: UInt64, _ left: UInt64, _ right: UInt64) -> String {
        let high = milliseconds << 16 | 0x7000 | left & 0x0FFF
        let low = right & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = index < 16 ? high : low
                buffer[position] = Hex.digit(UInt8(truncatingIfNeeded: word >> UInt64(60 - index % 16 * 4) & 0xF))
                position += 1
            }
            return 36
        }
    }
}
