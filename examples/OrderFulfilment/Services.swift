import Throughline
import ThroughlineRecorder

/// The services and what each does with the messages it gets.
struct Services<Broker: OrderBroker>: Sendable {
    typealias Message = Broker.Producer.Message
    typealias Group = ThrowingTaskGroup<Void, any Error>

    let orders: OrderService<Broker>
    private let billing: OrderService<Broker>
    private let retries: OrderService<Broker>
    private let inventory: OrderService<Broker>
    private let shipping: OrderService<Broker>
    private let notifications: OrderService<Broker>
    private let analytics: OrderService<Broker>
    private let broker: Broker
    private let progress: Progress

    init(broker: Broker, recorder: Recorder, progress: Progress) async throws {
        func service(_ name: String) async throws -> OrderService<Broker> {
            try await OrderService(name, broker: broker, tracer: recorder.tracer(service: name))
        }
        orders = try await service("orders")
        billing = try await service("billing")
        retries = try await service("payment-retries")
        inventory = try await service("inventory")
        shipping = try await service("shipping")
        notifications = try await service("notifications")
        analytics = try await service("analytics")
        self.broker = broker
        self.progress = progress
    }

    func start(in group: inout Group) {
        group.addTask { try await chargeOrders() }
        group.addTask { try await retryCharges() }
        group.addTask { try await answerFailedPayments() }
        group.addTask { try await reserveStock() }
        startShipping(in: &group)
        group.addTask { try await greetCustomers() }
        group.addTask { try await sendMails() }
        group.addTask { try await summariseSales() }
    }

    private func chargeOrders() async throws {
        try await billing.handle("orders") { _, order, _ in
            try await work(.milliseconds(60))
            if order.amount > 50_000 {
                progress.report("billing        card of order \(order.id) was declined")
                try await billing.emit(.paymentFailed, order)
            } else {
                progress.report("billing        charged order \(order.id)")
                try await billing.emit(.paymentCharged, order)
            }
        }
    }

    private func retryCharges() async throws {
        try await billing.handle("billing.commands") { _, order, _ in
            try await work(.milliseconds(40))
            progress.report("billing        charged order \(order.id) at the second attempt")
            try await billing.emit(.paymentCharged, order)
        }
    }

    private func answerFailedPayments() async throws {
        try await retries.handle("payments") { event, order, _ in
            guard event == .paymentFailed else { return }
            try await work(.milliseconds(150))
            try await retries.emit(.retryPayment, order)
        }
    }

    private func reserveStock() async throws {
        try await inventory.handle("orders") { _, order, _ in
            try await work(.milliseconds(15))
            progress.report("inventory      reserved stock for order \(order.id)")
            try await inventory.emit(.stockReserved, order)
        }
    }

    /// An order is shipped once it is both paid and in stock. Whichever of the two comes last is being handled then,
    /// but both are the cause.
    private func startShipping(in group: inout Group) {
        let arrivals = Arrivals<Message>()
        for topic in ["payments", "stock"] {
            group.addTask {
                try await shipping.handle(topic) { event, order, message in
                    guard event == .paymentCharged || event == .stockReserved else { return }
                    guard let both = await arrivals.add(message, for: order.id) else { return }
                    try await shipping.tracing.withMessages(both) {
                        try await work(.milliseconds(25))
                        try await shipping.emit(.orderShipped, order)
                        try await shipping.emit(.sendConfirmationEmail, order)
                    }
                    progress.report("shipping       shipped order \(order.id)")
                    progress.reach(.shipped)
                }
            }
        }
    }

    private func greetCustomers() async throws {
        let template = Template()
        try await notifications.handle("orders") { _, order, _ in
            try await work(.milliseconds(5))
            try await template.use(for: order.id)
            progress.report("notifications  greeted \(order.customer)")
            progress.reach(.greeted)
        }
    }

    private func sendMails() async throws {
        try await notifications.handle("mail.commands") { _, order, _ in
            try await work(.milliseconds(10))
            progress.report("notifications  mailed \(order.customer)")
            progress.reach(.mailed)
        }
    }

    /// Reads in batches, as jobs that run now and then do: by the time it starts, all orders are there.
    private func summariseSales() async throws {
        try await work(.milliseconds(400))
        let consumer = TracedConsumer(
            try await broker.consumer(of: "orders", group: "analytics.sales"), tracing: analytics.tracing)
        let sales = Sales(ordersPerSummary: 2)
        try await consumer.runBatches(ofAtMost: 100) { messages in
            for message in messages { await sales.add(try analytics.order(of: message)) }
            guard let summary = await sales.summary() else { return }
            try await analytics.emit(.salesSummarised, summary)
            progress.report("analytics      summarised sales of \(summary.amount / 100) €")
            progress.reach(.summarised)
        }
    }

    private func work(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// Messages that wait for the other one of their order.
private actor Arrivals<Message: Sendable> {
    private var waiting: [Int: Message] = [:]

    func add(_ message: Message, for order: Int) -> [Message]? {
        if let other = waiting.removeValue(forKey: order) { return [other, message] }
        waiting[order] = message
        return nil
    }
}

/// A template that is not loaded when the first mails are to be written.
private actor Template {
    private var failuresLeft = 2
    private var failing: Int?

    func use(for order: Int) throws {
        if failing == nil { failing = order }
        guard failing == order, failuresLeft > 0 else { return }
        failuresLeft -= 1
        throw TemplateError()
    }
}

/// The read model: what was sold.
private actor Sales {
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
