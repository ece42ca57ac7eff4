/// What a destination has in common with those where its messages wait for another attempt, or stay when they are given
/// up: `orders` for `orders`, `orders-retry-2`, `orders.dlq` and `dead-letters/orders`.
enum DestinationStem {
    /// Nil for a destination that names nothing but failures, such as `dead-letters`.
    static func of(_ destination: String) -> String? {
        let words = words(destination)
        guard words.contains(where: isAboutFailures) else { return words.joined(separator: " ") }
        // Numbers count attempts, or how long to wait.
        let rest = words.filter { !isAboutFailures($0) && !$0.allSatisfy(\.isNumber) }
        return rest.isEmpty ? nil : rest.joined(separator: " ")
    }

    /// Messages stay there that were given up; where they only wait for another attempt is no such place.
    static func isForDeadLetters(_ destination: String) -> Bool {
        let words = words(destination)
        return words.contains(where: deadLetters.contains) && !words.contains(where: retries.contains)
    }

    private static func words(_ destination: String) -> [String] {
        destination.split { !$0.isLetter && !$0.isNumber }.map { $0.lowercased() }
    }

    private static func isAboutFailures(_ word: String) -> Bool {
        retries.contains(word) || deadLetters.contains(word)
    }

    private static let retries: Set<String> = ["retry", "retries", "delay", "delayed"]
    private static let deadLetters: Set<String> = [
        "dlq", "dlt", "dlx", "dead", "letter", "letters", "deadletter", "deadletters", "error", "errors", "failed",
        "failure", "failures", "skipped", "poison", "parking", "lot",
    ]
}
