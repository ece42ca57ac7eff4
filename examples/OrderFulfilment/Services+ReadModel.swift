import Throughline

/// The read model of the sales: built in batches, and rebuilt from the log of events.
extension Services {
    /// Reads in batches, as jobs that run now and then do: by the time it starts, all orders are there.
    func summariseSales() async throws {
        try await work(.milliseconds(400))
        let consumer = TracedConsumer(
            try await broker.consumer(of: "orders", group: "analytics.sales"), tracing: analytics.tracing)
        let sales = Sales(ordersPerSummary: orderCount)
        try await consumer.runBatches(ofAtMost: 100) { messages in
            for message in messages { await sales.add(try analytics.order(of: message)) }
            guard let summary = await sales.summary() else { return }
            try await analytics.emit(.salesSummarised, summary)
            progress.report("analytics      summarised sales of \(summary.amount / 100) €")
            progress.reach(.summarised)
        }
    }

    /// Reads the log from its beginning into an empty read model, as after a change of its shape.
    func rebuildSales() async throws {
        let log = try await broker.browser.browse("orders", limit: 1_000)
        let sales = Sales(ordersPerSummary: orderCount)
        let events = AsyncStream<Message> { stream in
            for event in log { stream.yield(event) }
            stream.finish()
        }
        let count = try await analytics.tracing.rebuild("sales", from: events) { event, _ in
            await sales.add(try analytics.order(of: event))
        }
        progress.report("analytics      rebuilt its read model from \(count) events of the log")
    }
}

/// The read model: what was sold.
actor Sales {
    private let ordersPerSummary: Int
    private var orders: [Int: Order] = [:]

    init(ordersPerSummary: Int) {
        self.ordersPerSummary = ordersPerSummary
    }

    /// Adding an order twice changes nothing: brokers deliver at least once.
    func add(_ order: Order) { orders[order.id] = order }

    func summary() -> Order? {
        guard orders.count >= ordersPerSummary else { return nil }
        return Order(id: 0, amount: orders.values.reduce(0) { $0 + $1.amount }, customer: "sales")
    }
}
