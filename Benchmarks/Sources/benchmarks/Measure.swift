/// The best of several runs, because noise only ever adds. Nanoseconds an operation.
func nanoseconds(_ operations: Int, runs: Int = 5, _ body: () -> Void) -> Double {
    var best = Double.infinity
    for _ in 0..<runs {
        let elapsed = ContinuousClock().measure(body)
        best = min(best, perOperation(elapsed, operations))
    }
    return best
}

func nanoseconds(_ operations: Int, runs: Int = 5, _ body: @Sendable () async throws -> Void) async rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<runs {
        let elapsed = try await ContinuousClock().measure { try await body() }
        best = min(best, perOperation(elapsed, operations))
    }
    return best
}

/// One run of something that may fail. Nanoseconds an operation.
func nanosecondsOfOne(_ operations: Int, _ body: () throws -> Void) rethrows -> Double {
    perOperation(try ContinuousClock().measure(body), operations)
}

private func perOperation(_ elapsed: Duration, _ operations: Int) -> Double {
    let (seconds, attoseconds) = elapsed.components
    return (Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(operations)
}

func report(_ name: String, _ value: String) {
    print(name.padded(to: 58) + value)
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}

extension Double {
    func rounded(to digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return "\((self * scale).rounded() / scale)"
    }
}
