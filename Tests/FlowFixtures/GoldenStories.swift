import ThroughlineModel

extension GoldenFlow {
    static func retryTopicsScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "parcel-4", seed: 21)
        let sent = script.send("hub", "ParcelScanned", id: "p-1", to: "scans", at: 0)
        var failed = script.process(
            "tracking", "ParcelScanned", id: "p-1", from: "scans", at: 4, took: 6, of: sent, child: false,
            group: "tracking", attempt: 1, settled: .requeued, error: "LockTimeout")
        for attempt in 2...3 {
            let at = Double(attempt) * 1_000
            let again = script.send(
                "tracking", "ParcelScanned", id: "p-1", to: "scans-retry-\(attempt - 1)", at: at, in: failed)
            failed = script.process(
                "tracking", "ParcelScanned", id: "p-1", from: "scans-retry-\(attempt - 1)", at: at + 5, took: 6,
                of: again, child: false, group: "tracking", attempt: attempt,
                settled: attempt == 3 ? .deadLettered : .requeued, links: [FlowScript.link(failed, .retryOf)],
                error: "LockTimeout")
        }
        let dead = script.send(
            "tracking", "ParcelScanned", id: "p-1", to: "scans-dlt", at: 3_020, in: failed,
            links: [FlowScript.link(failed, .deadLetterOf)])
        script.set([ThroughlineAttribute.deadLetterReason: "attempts-used-up"], on: dead)
        let replay = script.send(
            "operations", "ParcelScanned", id: "p-1", to: "scans", at: 90_000, links: [FlowScript.link(dead, .replayOf)]
        )
        script.set([ThroughlineAttribute.replay: true, ThroughlineAttribute.replayCount: 1], on: replay)
        script.process(
            "tracking", "ParcelScanned", id: "p-1", from: "scans", at: 90_006, took: 5, of: replay, child: false,
            group: "tracking", attempt: 4, settled: .deadLettered, links: [FlowScript.link(dead, .replayOf)],
            error: "LockTimeout")
        return script.records
    }

    static func brokerDeadLetterScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "invoice-9", seed: 22)
        script.system = "rabbitmq"
        let sent = script.send("shop", "InvoiceAsked", id: "b-1", to: "invoices", at: 0)
        script.process(
            "ledger", "InvoiceAsked", id: "b-1", from: "invoices", at: 6, took: 4, of: sent, settled: .rejected,
            error: "NoSuchCustomer")
        script.process("helpdesk", "InvoiceAsked", id: "b-1", from: "invoices.dead", at: 40, took: 9, of: sent)
        return script.records
    }

    static func batchWithSpansScript() -> [SpanRecord] {
        var script = FlowScript(correlation: nil, seed: 23)
        let sent = (1...3).map { number in
            script.send("sensors", "ReadingTaken", id: "w-\(number)", to: "readings", at: Double(number))
        }
        let batch = script.processBatch(
            "alerts", "ReadingTaken", of: sent.enumerated().map { ("w-\($0 + 1)", $1) }, from: "readings", at: 20,
            took: 30, group: "alerts")
        for (place, sender) in sent.enumerated() {
            let at = 22 + Double(place) * 8
            let one = script.process(
                "alerts", "ReadingTaken", id: "w-\(place + 1)", from: "readings", at: at, took: 6, of: sender,
                child: false, group: "alerts", error: place == 1 ? "OutOfRange" : nil)
            script.change(one) { record in
                record.traceID = batch.traceID
                record.parentID = batch.spanID
            }
            guard place == 2 else { continue }
            let inside = SpanContext(traceID: batch.traceID, spanID: one.spanID, flags: [.sampled])
            script.send("alerts", "AlarmRaised", id: "w-9", to: "alarms", at: at + 4, in: inside, causes: ["w-3"])
        }
        return script.records
    }

    static func slowQueueScript() -> [SpanRecord] {
        var script = FlowScript(correlation: nil, seed: 24)
        let sent = script.send("archive", "ReportAsked", id: nil, to: "reports", at: 0, intent: .command)
        script.process(
            "printing", "ReportAsked", id: nil, from: "reports", at: 10_800_000, took: 4_000, of: sent, child: false,
            group: "night")
        return script.records
    }

    static func outboxScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "signup-6", seed: 25)
        let web = script.work("accounts", "POST /signup", kind: .server, at: 0, took: 30)
        let created = script.send(
            "accounts", "AccountOpened", id: "o-1", to: "accounts", at: 10, took: 0.5, in: web, operation: .create)
        let relayed = script.send(
            "accounts", "AccountOpened", id: "o-1", to: "accounts", at: 2_010, in: created,
            links: [FlowScript.link(created, .creation)])
        script.set(
            [
                ThroughlineAttribute.appendedTime: .int(Int64(FlowScript.at(10).nanosecondsSinceEpoch)),
                ThroughlineAttribute.dwellTime: 2_000_000_000,
            ], on: relayed)
        let welcome = script.process(
            "welcome", "AccountOpened", id: "o-1", from: "accounts", at: 2_016, took: 20, of: relayed, group: "welcome")
        let reminder = script.send(
            "welcome", "RemindToVerify", id: "o-2", to: "reminders", at: 2_020, took: 0.5, in: welcome,
            intent: .command, causes: ["o-1"], operation: .create)
        let due = script.send(
            "welcome", "RemindToVerify", id: "o-2", to: "reminders", at: 62_040, intent: .command, causes: ["o-1"],
            links: [FlowScript.link(reminder, .creation)])
        script.set(
            [
                ThroughlineAttribute.appendedTime: .int(Int64(FlowScript.at(2_020).nanosecondsSinceEpoch)),
                ThroughlineAttribute.dueTime: .int(Int64(FlowScript.at(62_020).nanosecondsSinceEpoch)),
                ThroughlineAttribute.dwellTime: 60_020_000_000,
            ], on: due)
        script.process(
            "welcome", "RemindToVerify", id: "o-2", from: "reminders", at: 62_050, took: 5, of: due, group: "welcome")
        return script.records
    }

    static func sagaScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "trip-3", seed: 26)
        func step(_ name: String, _ state: String?, undoes: Bool = false, failed: Bool = false) -> Attributes {
            var attributes: Attributes = [
                ThroughlineAttribute.sagaType: "TripBooking", ThroughlineAttribute.sagaID: "trip-3",
                ThroughlineAttribute.sagaStep: .string(name),
            ]
            attributes[ThroughlineAttribute.sagaState] = state.map { .string($0) }
            if undoes { attributes[ThroughlineAttribute.sagaCompensation] = true }
            if failed { attributes[ThroughlineAttribute.sagaStepFailed] = true }
            return attributes
        }
        let asked = script.send("portal", "BookTrip", id: "s-1", to: "trips", at: 0, intent: .command)
        let flight = script.process("trips", "BookTrip", id: "s-1", from: "trips", at: 5, took: 20, of: asked)
        script.set(step("bookFlight", "flight booked"), on: flight)
        let hotel = script.send(
            "trips", "BookHotel", id: "s-2", to: "hotels", at: 20, in: flight, intent: .command, causes: ["s-1"])
        let full = script.process("hotels", "BookHotel", id: "s-2", from: "hotels", at: 25, took: 30, of: hotel)
        let refused = script.send(
            "hotels", "HotelFull", id: "s-3", to: "trip.replies", at: 50, in: full, causes: ["s-2"])
        let failing = script.process(
            "trips", "HotelFull", id: "s-3", from: "trip.replies", at: 56, took: 4, of: refused)
        script.set(step("bookHotel", "hotel refused", failed: true), on: failing)
        let undo = script.send(
            "trips", "CancelFlight", id: "s-4", to: "flights", at: 58, in: failing, intent: .command, causes: ["s-3"])
        script.set([ThroughlineAttribute.sagaType: "TripBooking", ThroughlineAttribute.sagaID: "trip-3"], on: undo)
        let undone = script.process("flights", "CancelFlight", id: "s-4", from: "flights", at: 64, took: 12, of: undo)
        script.set(step("bookFlight", "cancelled", undoes: true), on: undone)
        return script.records
    }

    static func requestReplyScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "quote-2", seed: 27)
        script.system = "nats"
        let asked = script.send("checkout", "QuoteAsked", id: "a-1", to: "quotes", at: 0, intent: .command)
        let answering = script.process("pricing", "QuoteAsked", id: "a-1", from: "quotes", at: 3, took: 20, of: asked)
        let answer = script.send(
            "pricing", "Quote", id: "a-2", to: "_INBOX.7", at: 20, in: answering, intent: .reply, causes: ["a-1"])
        script.process("checkout", "Quote", id: "a-2", from: "_INBOX.7", at: 24, took: 2, of: answer)
        return script.records
    }

    static func duplicatesScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "ticket-8", seed: 28)
        let sent = script.send("box-office", "TicketSold", id: "t-1", to: "tickets", at: 0)
        for at in [4.0, 700.0] {
            script.process("seats", "TicketSold", id: "t-1", from: "tickets", at: at, took: 9, of: sent, group: "seats")
        }
        script.process(
            "mail", "TicketSold", id: "t-1", from: "tickets", at: 5, took: 3, of: sent, group: "mail", settled: nil)
        return script.records
    }

    static func tieScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "photo-1", seed: 29)
        let sent = script.send("upload", "PhotoTaken", id: "v-1", to: "photos", at: 0, took: 2)
        script.process("resize", "PhotoTaken", id: "v-1", from: "photos", at: 10, took: 90, of: sent, group: "resize")
        script.process("faces", "PhotoTaken", id: "v-1", from: "photos", at: 50, took: 50, of: sent, group: "faces")
        script.process("index", "PhotoTaken", id: "v-1", from: "photos", at: 4, took: 20, of: sent, group: "index")
        return script.records
    }

    static func skewedScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "meter-9", seed: 30)
        script.hosts = ["meters": "host-a", "billing": "host-b"]
        let sent = script.send("meters", "MeterRead", id: "z-1", to: "meters", at: 2_000)
        let handled = script.process("billing", "MeterRead", id: "z-1", from: "meters", at: 10, took: 30, of: sent)
        let billed = script.send("billing", "BillMade", id: "z-2", to: "bills", at: 35, in: handled, causes: ["z-1"])
        script.process("meters", "BillMade", id: "z-2", from: "bills", at: 2_050, took: 4, of: billed)
        return script.records
    }

    static func sampledOutScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "ride-5", seed: 31)
        var unsampled = script.send("riders", "RideAsked", id: "d-1", to: "rides", at: 0)
        script.remove(unsampled)
        unsampled.flags = []
        let handled = script.process(
            "drivers", "RideAsked", id: "d-1", from: "rides", at: 8, took: 5, of: unsampled, child: false,
            group: "drivers")
        let offered = script.send(
            "drivers", "RideOffered", id: "d-2", to: "offers", at: 11, in: handled, causes: ["d-1"])
        script.process(
            "riders", "RideOffered", id: "d-2", from: "offers", at: 15, took: 2, of: offered, group: "riders")
        return script.records
    }

    static func leakedScript() -> [SpanRecord] {
        var script = FlowScript(correlation: nil, seed: 32)
        let first = script.send("tills", "SaleMade", id: "l-1", to: "sales", at: 0)
        script.process("stock", "SaleMade", id: "l-1", from: "sales", at: 3, took: 2, of: first, group: "stock")
        for number in 2...4 {
            // The messages that follow come from a till that records nothing, and run in the first one's context.
            script.process(
                "stock", "SaleMade", id: "l-\(number)", from: "sales", at: Double(number) * 10, took: 2, of: first,
                group: "stock")
        }
        return script.records
    }

    static func namesakesScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "meter-4", seed: 33)
        script.system = "mqtt"
        script.send("sensor", "MeterRead", id: "42", to: "meters/4", at: 0)
        script.process("gateway", "MeterRead", id: "42", from: "meters/4", at: 30, took: 5)
        script.system = "rabbitmq"
        script.send("billing", "BillMade", id: "42", to: "bills", at: 5_000)
        script.process("mail", "BillMade", id: "42", from: "bills", at: 5_040, took: 12)
        return script.records
    }

    /// Of twelve rows, the fourth and the eighth are done after a retry, and the sixth and the eleventh never.
    static func mixedOutcomesScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "import-8", seed: 31)
        let began = script.send("portal", "ImportBegan", id: "mix-0", to: "imports", at: 0)
        let splitter = script.process(
            "splitter", "ImportBegan", id: "mix-0", from: "imports", at: 3, took: 40, of: began, group: "splitter")
        for row in 1...12 {
            let (id, at) = ("mix-\(row)", 5 + Double(row) * 2)
            let sent = script.send(
                "splitter", "RowRead", id: id, to: "rows", at: at, took: 0.5, in: splitter, causes: ["mix-0"])
            let isHard = row % 4 == 0 && row < 12
            let isBroken = row == 6 || row == 11
            var last: SpanContext?
            for attempt in 1...(isBroken ? 3 : isHard ? 2 : 1) {
                let failed = isBroken || (isHard && attempt == 1)
                last = script.process(
                    "loader", "RowRead", id: id, from: "rows", at: at + 2 + Double(attempt - 1) * 50, took: 3, of: sent,
                    group: "loader", attempt: attempt,
                    settled: !failed ? .acknowledged : attempt == 3 ? .deadLettered : .requeued,
                    links: last.map { [FlowScript.link($0, .retryOf)] } ?? [], error: failed ? "BadRow" : nil)
            }
            guard let last else { continue }
            let end = at + 4 + (isBroken ? 100 : isHard ? 50 : 0)
            if isBroken {
                script.send(
                    "loader", "RowRead", id: id, to: "rows.dlq", at: end, took: 0.5, in: last,
                    links: [FlowScript.link(last, .deadLetterOf)])
            } else {
                let stored = script.send(
                    "loader", "RowStored", id: "mix-stored-\(row)", to: "stored", at: end, took: 0.5, in: last,
                    causes: [id])
                script.process(
                    "search", "RowStored", id: "mix-stored-\(row)", from: "stored", at: end + 3, took: 2, of: stored,
                    group: "search")
            }
        }
        return script.records
    }
}
