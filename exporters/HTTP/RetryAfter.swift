import CCurl

/// The header `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
enum RetryAfter {
    /// No server is believed that asks for more.
    private static let longest: Int64 = 24 * 3_600

    /// - Parameter now: Seconds since 1970.
    /// - Returns: Nil for what is neither; zero for a date that has passed.
    static func delay(_ header: String, now: Int64) -> Duration? {
        if let seconds = Int64(header) {
            return seconds < 0 ? nil : .seconds(min(seconds, longest))
        }
        guard header.contains(":") else { return nil }
        let date = curl_getdate(header, nil)
        return date < 0 ? nil : .seconds(min(max(0, Int64(date) - now), longest))
    }
}
