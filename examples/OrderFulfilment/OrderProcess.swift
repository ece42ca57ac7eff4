import Throughline
public import ThroughlineRecorder

/// An order process of seven services that know each other only through a broker's topics.
///
/// - `orders` places orders; OrderPlaced goes to billing, inventory, notifications and analytics.
/// - `billing` charges the card. One card is declined at first: PaymentFailed.
/// - `payment-retries` answers PaymentFailed with the command RetryPayment, which billing carries out.
/// - `inventory` reserves stock.
/// - `shipping` waits for the payment and the stock, announces OrderShipped, and commands the confirmation mail.
/// - `notifications` greets the customer, failing twice before its template is loaded, and sends the mail.
/// - `analytics` builds a read model of the orders in batches and sends a summary.
public struct OrderProcess<Broker: OrderBroker>: Sendable {
    private let broker: Broker
    private let recorder: Recorder
    private let orders = [
        Order(id: 1042, amount: 12_900, customer: "ada@example.com"),
        Order(id: 1043, amount: 99_900, customer: "alan@example.com"),
    ]

    /// Prepares the process; every service gets a tracer of its own from the recorder.
    public init(broker: Broker, recorder: Recorder) {
        self.broker = broker
        self.recorder = recorder
    }

    /// Places the orders, waits until both are shipped, confirmed and summarised, and stops all services.
    ///
    /// - Parameter report: Told in words what happens, as it happens.
    /// - Throws: The broker's errors; `OrderProcessTimeout` when the orders are not done after a minute.
    public func run(report: @escaping @Sendable (String) -> Void = { _ in }) async throws {
        try await broker.createTopics(Event.topics)
        let progress = Progress(report)
        let services = try await Services(broker: broker, recorder: recorder, progress: progress)
        try await withThrowingTaskGroup(of: Void.self) { group in
            services.start(in: &group)
            for order in orders {
                try await services.orders.emit(.orderPlaced, order)
                report("orders         placed order \(order.id)")
            }
            let isDone = try await progress.waitForEnd(of: orders.count)
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
