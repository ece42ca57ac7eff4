package import ThroughlineModel

/// Flows and histories that are too many to write by hand.
package enum LargeFlow {
    /// Chains of messages through many services: a tree of causes, every message on one of many destinations.
    package static func records(services: Int, types: Int, messages: Int) -> [SpanRecord] {
        var script = FlowScript(correlation: "large", seed: 9)
        var random = SeededGenerator(seed: 4)
        var handlers: [(context: SpanContext, service: Int, message: String)] = []
        for number in 0..<messages {
            let from = handlers.isEmpty ? nil : handlers[Int.random(in: 0..<handlers.count, using: &random)]
            let sender = from?.service ?? 0
            let type = Int.random(in: 0..<types, using: &random)
            let receiver = Int.random(in: 0..<services, using: &random)
            let at = Double(number) * 3
            let sent = script.send(
                "service-\(sender)", "TypeNumber\(type)", id: "m-\(number)", to: "topic-\(receiver).type-\(type)",
                at: at,
                in: from?.context, causes: from.map { [$0.message] } ?? [])
            let handler = script.process(
                "service-\(receiver)", "TypeNumber\(type)", id: "m-\(number)", from: "topic-\(receiver).type-\(type)",
                at: at + 2, took: 4, of: sent)
            handlers.append((handler, receiver, "m-\(number)"))
        }
        return script.records
    }

    /// Orders as they come in over some seconds, each handled by three groups with waits that differ.
    package static func orders(count: Int) -> [SpanRecord] {
        var script = FlowScript(correlation: nil, seed: 5)
        for number in 0..<count {
            let at = Double(number) * 8
            let sent = script.send("orders", "OrderPlaced", id: "o-\(number)", to: "orders", at: at)
            for (group, wait) in [("billing", 4.0), ("inventory", 5.0), ("notifications", 5.0)] {
                let isSlow = number % 100 < 2
                let fails = group == "notifications" && number % 250 == 0
                let late = isSlow ? (group == "notifications" ? 2_100 : wait * 8) : wait
                script.process(
                    group, "OrderPlaced", id: "o-\(number)", from: "orders", at: at + 1 + late, took: 3, of: sent,
                    group: group, error: fails ? "TemplateError" : nil)
            }
        }
        return script.records
    }
}
