/// What a destination has in common with those where its messages wait for another attempt, or stay when they are given
/// up: `orders` for `orders`, `orders-retry-2`, `orders.dlq` and `dead-letters/orders`.
enum DestinationStem {
    /// Nil for a destination that names nothing but failures, such as `dead-letters`.
    static func of(_ destination: String) -> String? {
        let words = destination.split { !$0.isLetter && !$0.isNumber }.map { $0.lowercased() }
        guard words.contains(where: failures.contains) else { return words.joined(separator: " ") }
        // Numbers count attempts, or how long to wait.
        let rest = words.filter { !failures.contains($0) && !$0.allSatisfy(\.isNumber) }
        return rest.isEmpty ? nil : rest.joined(separator: " ")
    }

    private static let failures: Set<String> = [
        "retry", "retries", "dlq", "dlt", "dlx", "dead", "letter", "letters", "deadletter", "deadletters", "error",
        "errors", "failed", "failure", "failures", "skipped", "poison", "parking", "lot", "delay", "delayed",
    ]
}
