/// Durations as people read them: three digits at most, the unit that fits.
package enum DurationText {
    /// Such as `0.4 ms`, `310 ms`, `1.2 s`, `2 min 5 s`, `3 h 10 min`, and `< 0.1 ms` for what is not nothing.
    package static func short(_ nanoseconds: UInt64) -> String {
        let microseconds = nanoseconds / 1_000
        if nanoseconds > 0, microseconds < 50 { return "< 0.1 ms" }
        if microseconds < 9_950 { return tenths((microseconds + 50) / 100) + " ms" }
        let milliseconds = (microseconds + 500) / 1_000
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        if milliseconds < 9_995 { return hundredths((milliseconds + 5) / 10) + " s" }
        if milliseconds < 59_950 { return tenths((milliseconds + 50) / 100) + " s" }
        let seconds = (milliseconds + 500) / 1_000
        if seconds < 3_600 { return pair(seconds / 60, "min", seconds % 60, "s") }
        let minutes = (seconds + 30) / 60
        if minutes < 1_440 { return pair(minutes / 60, "h", minutes % 60, "min") }
        let hours = (minutes + 30) / 60
        return pair(hours / 24, "d", hours % 24, "h")
    }

    private static func pair(_ large: UInt64, _ unit: String, _ small: UInt64, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smallUnit)"
    }

    private static func tenths(_ count: UInt64) -> String {
        count % 10 == 0 ? "\(count / 10)" : "\(count / 10).\(count % 10)"
    }

    private static func hundredths(_ count: UInt64) -> String {
        let (whole, rest) = (count / 100, count % 100)
        if rest == 0 { return "\(whole)" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
