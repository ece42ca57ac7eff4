import Throughline

/// What goes wrong and how it is put right: retries, dead letters, replays, compensations.
extension Services {
    /// Greets customers. The template is not loaded for the first two attempts; one customer is not known until
    /// somebody enters the address, which is after all attempts.
    func greetCustomers() async throws {
        let template = Template()
        try await notifications.handleOrSetAside("orders") { order in
            try await work(.milliseconds(5))
            try await template.use(for: order.id)
            guard await addresses.contains(order.customer) else { throw UnknownCustomer(customer: order.customer) }
            progress.report("notifications  greeted \(order.customer)")
            progress.reach(.greeted)
        }
    }

    /// Finds what was set aside, enters the address that was missing, and has the message handled once more.
    func replayDeadLetters() async throws {
        let topic = "orders.dead-letters"
        var letters: [Message] = []
        while letters.isEmpty {
            try await work(.milliseconds(100))
            if progress.isOver { return }
            letters = try await broker.browser.browse(topic, limit: 10)
        }
        for letter in letters {
            let order = try support.order(of: letter)
            progress.report("support        enters \(order.customer), and replays the dead letter")
            await addresses.add(order.customer)
            try await support.tracing.replay(letter) { _ = try await support.producer.base.send($0) }
        }
    }

    /// Gives the money back for what cannot be delivered.
    func refundWhatIsMissing() async throws {
        try await billing.handle("stock") { event, order, _ in
            guard event == .stockMissing else { return }
            try await work(.milliseconds(120))
            try await saga(order).compensate("charge card", state: "refunded") {
                try await billing.emit(.paymentRefunded, order)
            }
            progress.report("billing        refunded order \(order.id)")
            progress.reach(.refunded)
        }
    }
}

/// The customers that the mail service can write to.
actor AddressBook {
    private var known: Set<String>

    init(_ known: Set<String>) { self.known = known }

    func contains(_ customer: String) -> Bool { known.contains(customer) }
    func add(_ customer: String) { known.insert(customer) }
}

/// A template that is not loaded when the first mails are to be written.
actor Template {
    private var failuresLeft = 2
    private var failing: Int?

    func use(for order: Int) throws {
        if failing == nil { failing = order }
        guard failing == order, failuresLeft > 0 else { return }
        failuresLeft -= 1
        throw TemplateError()
    }
}
