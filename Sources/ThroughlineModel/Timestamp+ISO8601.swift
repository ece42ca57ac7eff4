extension Timestamp {
    /// Reads a moment as RFC 3339 has it, such as `2026-08-20T10:00:00.123Z` or with an offset, `+02:00`; nil for
    /// anything else, and for a moment before 1970. More than nine digits of a second are cut.
    public init?(iso8601 text: some StringProtocol) {
        var reader = DigitReader(bytes: Array(text.utf8.prefix(40)))
        guard
            text.utf8.count <= 40, let year = reader.number(4), reader.skip("-"), let month = reader.number(2),
            reader.skip("-"), let day = reader.number(2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"),
            let second = reader.number(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var nanoseconds = 0
        if reader.skip(".") {
            guard let fraction = reader.fraction() else { return nil }
            nanoseconds = fraction
        }
        var offset = 0
        if !reader.skip("Z"), !reader.skip("z") {
            let sign = reader.skip("+") ? 1 : reader.skip("-") ? -1 : 0
            guard sign != 0, let hours = reader.number(2), reader.skip(":"), let minutes = reader.number(2) else {
                return nil
            }
            offset = sign * (hours * 3_600 + minutes * 60)
        }
        guard reader.isAtEnd else { return nil }
        let seconds = Self.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        // A UInt64 of nanoseconds ends in the year 2554.
        guard seconds >= 0, seconds < 18_446_744_073 else { return nil }
        self.init(nanosecondsSinceEpoch: UInt64(seconds) * 1_000_000_000 + UInt64(nanoseconds))
    }

    /// Days from 1970-01-01 to a Gregorian date, counted in eras of 400 years from 1 March of year 0.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

private struct DigitReader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for _ in 0..<digits {
            guard let digit = nextDigit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Nanoseconds of one or more digits behind the point.
    mutating func fraction() -> Int? {
        guard var value = nextDigit() else { return nil }
        var count = 1
        while let digit = nextDigit() {
            if count < 9 {
                value = value * 10 + digit
                count += 1
            }
        }
        for _ in count..<9 { value *= 10 }
        return value
    }

    private mutating func nextDigit() -> Int? {
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
        defer { position += 1 }
        return Int(bytes[position] - 0x30)
    }
}
