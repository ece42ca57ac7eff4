import Throughline
import ThroughlineRecorder

/// The services and what each does with the messages it gets.
struct Services<Broker: OrderBroker>: Sendable {
    typealias Message = Broker.Producer.Message
    typealias Group = ThrowingTaskGroup<Void, any Error>

    let orders: OrderService<Broker>
    let billing: OrderService<Broker>
    let notifications: OrderService<Broker>
    let support: OrderService<Broker>
    let analytics: OrderService<Broker>
    let broker: Broker
    let progress: Progress
    private let retries: OrderService<Broker>
    private let inventory: OrderService<Broker>
    private let shipping: OrderService<Broker>

    let addresses: AddressBook
    let orderCount: Int

    /// - Parameter known: The customers whom the mail service can write to from the beginning.
    init(
        broker: Broker, recorder: Recorder, progress: Progress, orderCount: Int, known: Set<String>
    ) async throws {
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
        support = try await service("support")
        self.broker = broker
        self.progress = progress
        self.orderCount = orderCount
        addresses = AddressBook(known)
    }

    func start(in group: inout Group) {
        group.addTask { try await chargeOrders() }
        group.addTask { try await retryCharges() }
        group.addTask { try await refundWhatIsMissing() }
        group.addTask { try await answerFailedPayments() }
        group.addTask { try await reserveStock() }
        startShipping(in: &group)
        group.addTask { try await greetCustomers() }
        group.addTask { try await sendMails() }
        group.addTask { try await summariseSales() }
        group.addTask { try await replayDeadLetters() }
    }

    /// What sends the messages that the orders service has written down.
    func relay(of database: OrderDatabase<Broker>) -> OutboxRelay<OrderDatabase<Broker>, RelayProducer<Broker>> {
        var configuration = OutboxRelay<OrderDatabase<Broker>, RelayProducer<Broker>>.Configuration()
        configuration.interval = .milliseconds(20)
        let producer = RelayProducer<Broker>(base: orders.producer.base, progress: progress)
        return OutboxRelay(of: database, to: producer, tracing: orders.tracing, configuration: configuration)
    }

    /// The order of which the whole process is a saga: charge, reserve, ship, or undo what was done.
    func saga(_ order: Order) -> Saga { Saga("OrderFulfilment", id: "\(order.id)") }

    private func chargeOrders() async throws {
        try await billing.handle("orders") { _, order, _ in
            try await billing.call("charge card", for: order) { try await work(.milliseconds(60)) }
            if order.amount > 50_000 {
                progress.report("billing        card of order \(order.id) was declined")
                try await billing.emit(.paymentFailed, order)
            } else {
                try await charge(order, "charged order \(order.id)")
            }
        }
    }

    private func retryCharges() async throws {
        try await billing.handle("billing.commands") { _, order, _ in
            try await billing.call("charge card", for: order) { try await work(.milliseconds(40)) }
            try await charge(order, "charged order \(order.id) at the second attempt")
        }
    }

    private func charge(_ order: Order, _ what: String) async throws {
        try await saga(order).step("charge card", state: "charged") {
            progress.report("billing        \(what)")
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
            guard order.isInStock else {
                progress.report("inventory      has nothing left for order \(order.id)")
                return try await inventory.emit(.stockMissing, order)
            }
            try await saga(order).step("reserve stock", state: "reserved") {
                progress.report("inventory      reserved stock for order \(order.id)")
                try await inventory.emit(.stockReserved, order)
            }
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
                        try await saga(order).step("ship", state: "shipped") {
                            try await work(.milliseconds(25))
                            try await shipping.emit(.orderShipped, order)
                            try await shipping.emit(.sendConfirmationEmail, order)
                        }
                    }
                    progress.report("shipping       shipped order \(order.id)")
                    progress.reach(.shipped)
                }
            }
        }
    }

    private func sendMails() async throws {
        try await notifications.handle("mail.commands") { _, order, _ in
            try await work(.milliseconds(10))
            progress.report("notifications  mailed \(order.customer)")
            progress.reach(.mailed)
        }
    }

    func work(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// Says what the relay sends.
struct RelayProducer<Broker: OrderBroker>: MessageProducer {
    let base: Broker.Producer
    let progress: Progress

    func send(_ message: Broker.Producer.Message) async throws {
        _ = try await base.send(message)
        progress.report("orders         the relay sent a message of the outbox to '\(message.destination)'")
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
