import Throughline
public import ThroughlineRecorder

/// An order process of services that know each other only through a broker's topics.
///
/// - `orders` stores each order and an outbox row in one transaction; a relay sends OrderPlaced, which goes to billing,
///   inventory, notifications and analytics.
/// - `billing` charges the card. One card is declined at first: PaymentFailed.
/// - `payment-retries` answers PaymentFailed with the command RetryPayment, which billing carries out.
/// - `inventory` reserves stock, or announces StockMissing, and billing gives the money back: the saga's compensation.
/// - `shipping` waits for the payment and the stock, announces OrderShipped, and commands the confirmation mail.
/// - `notifications` greets the customer, failing twice before its template is loaded, and sends the mail. One customer
///   is not known: the message is set aside, and `support` replays it when the address is there.
/// - `analytics` builds a read model of the orders in batches, sends a summary, and rebuilds the model from the log.
public struct OrderProcess<Broker: OrderBroker>: Sendable {
    private let broker: Broker
    private let recorder: Recorder
    private let orders = [
        Order(id: 1042, amount: 12_900, customer: "ada@example.com"),
        Order(id: 1043, amount: 99_900, customer: "alan@example.com"),
        Order(id: 1044, amount: 4_900, customer: "grace@example.com", isInStock: false),
    ]

    /// Prepares the process; every service gets a tracer of its own from the recorder.
    public init(broker: Broker, recorder: Recorder) {
        self.broker = broker
        self.recorder = recorder
    }

    /// Places the orders, waits until each has come to its end, and stops all services.
    ///
    /// - Parameter report: Told in words what happens, as it happens.
    /// - Throws: The broker's errors; `OrderProcessTimeout` when the orders are not done after a minute.
    public func run(report: @escaping @Sendable (String) -> Void = { _ in }) async throws {
        try await broker.createTopics(Event.topics)
        let progress = Progress(report)
        let services = try await Services(
            broker: broker, recorder: recorder, progress: progress, orderCount: orders.count,
            known: ["ada@example.com", "alan@example.com"])
        let database = try OrderDatabase(broker: broker)
        defer { database.remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            services.start(in: &group)
            let relay = services.relay(of: database)
            let relaying = Task { try await relay.run() }
            for order in orders {
                try await services.orders.place(order, in: database)
                report("orders         stored order \(order.id) and the message about it, in one transaction")
            }
            let isDone = try await progress.wait(
                for: [.shipped: 2, .refunded: 1, .greeted: 3, .mailed: 2, .summarised: 1])
            if isDone { try await services.rebuildSales() }
            relaying.cancel()
            _ = await relaying.result
            await broker.closeConsumers()
            try await group.waitForAll()
            if !isDone { throw OrderProcessTimeout() }
        }
        await broker.close()
    }
}

/// The orders did not come to their end within a minute.
public struct OrderProcessTimeout: Error, CustomStringConvertible {
    /// What happened and what to look at.
    public let description = "the orders were not done after a minute; is the broker reachable?"
}
