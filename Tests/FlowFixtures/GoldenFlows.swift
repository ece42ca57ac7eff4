package import ThroughlineModel

/// Flows written by hand, each with one thing that makes it hard.
package enum GoldenFlow: String, CaseIterable, Sendable {
    /// One order fans out, is retried, dead-lettered, replayed, and ends in a command.
    case order
    /// Two messages cause a third; every handler began a trace of its own.
    case fanIn
    /// A batch builds a read model and sends a summary.
    case batch
    /// Senders and handlers live in different traces and only links join them.
    case crossTrace
    /// Nothing joins the messages but the correlation id.
    case correlationOnly
    /// A message was handled and nobody recorded that it was sent.
    case missingSender
    /// A handler began and never ended.
    case unfinished
    /// Two services answer each other, and ids name each other as causes.
    case cycle
    /// The broker routes from an exchange to queues; several groups listen.
    case routed
    /// Requests between services, a retry that succeeds, a message without a delivery, a failed send.
    case requests
    /// Create spans, one batch send, pulling and handling as two spans, settling as a third.
    case createAndReceive
    /// Names that break diagrams.
    case hostile
    /// Every retry has a topic and a trace of its own, and the dead letter's replay fails again.
    case retryTopics
    /// The broker sets a rejected message aside by itself.
    case brokerDeadLetter
    /// A batch whose messages are handled each in a span of its own.
    case batchWithSpans
    /// A message waits for hours, and only a link joins the handler to its sender.
    case slowQueue
    /// A message is written down with the domain change and sent later by a relay; another one is due at a time.
    case outbox
    /// A saga whose second step fails, so that the first is undone.
    case saga
    /// A question and its answer over messaging.
    case requestReply
    /// A message is delivered again although it had been handled, and another one is never settled.
    case duplicates
    /// Two branches end at the same moment.
    case tie
    /// The consumer's clock is two seconds behind the producer's.
    case skewed
    /// One of two traces was not sampled.
    case sampledOut
    /// A consumer's context leaked from one message to the next.
    case leaked
    /// Alike messages become different things: most are done, some after a retry, some are given up.
    case mixedOutcomes
    /// Two senders count their messages each by itself, and have come to the same number.
    case namesakes

    package var records: [SpanRecord] {
        switch self {
        case .order: Self.orderScript()
        case .fanIn: Self.fanInScript()
        case .batch: Self.batchScript()
        case .crossTrace: Self.crossTraceScript()
        case .correlationOnly: Self.correlationScript()
        case .missingSender: Self.missingSenderScript()
        case .unfinished: Self.unfinishedScript()
        case .cycle: Self.cycleScript()
        case .routed: Self.routedScript()
        case .requests: Self.requestsScript()
        case .createAndReceive: Self.createAndReceiveScript()
        case .hostile: Self.hostileScript()
        case .retryTopics: Self.retryTopicsScript()
        case .brokerDeadLetter: Self.brokerDeadLetterScript()
        case .batchWithSpans: Self.batchWithSpansScript()
        case .slowQueue: Self.slowQueueScript()
        case .outbox: Self.outboxScript()
        case .saga: Self.sagaScript()
        case .requestReply: Self.requestReplyScript()
        case .duplicates: Self.duplicatesScript()
        case .tie: Self.tieScript()
        case .skewed: Self.skewedScript()
        case .sampledOut: Self.sampledOutScript()
        case .leaked: Self.leakedScript()
        case .mixedOutcomes: Self.mixedOutcomesScript()
        case .namesakes: Self.namesakesScript()
        }
    }

    private static func orderScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "order-1042")
        let web = script.work("orders", "POST /orders", kind: .server, at: 0, took: 12)
        let placed = script.send("orders", "OrderPlaced", id: "m-placed", to: "orders", at: 2, in: web)
        let billing = script.process(
            "billing", "OrderPlaced", id: "m-placed", from: "orders", at: 7, took: 310, of: placed, group: "billing")
        script.work("billing", "INSERT payments", kind: .client, at: 20, took: 40, in: billing)
        let charged = script.send(
            "billing", "PaymentCharged", id: "m-charged", to: "payments", at: 312, in: billing, causes: ["m-placed"])
        let stock = script.process(
            "inventory", "OrderPlaced", id: "m-placed", from: "orders", at: 8, took: 45, of: placed,
            group: "inventory")
        let reserved = script.send(
            "inventory", "StockReserved", id: "m-reserved", to: "stock", at: 50, in: stock, causes: ["m-placed"])
        var last: SpanContext?
        for attempt in 1...3 {
            let links = last.map { [FlowScript.link($0, .retryOf)] } ?? []
            last = script.process(
                "notifications", "OrderPlaced", id: "m-placed", from: "orders", at: [8, 110, 400][attempt - 1], took: 9,
                of: placed, group: "notifications", attempt: attempt, settled: attempt == 3 ? .deadLettered : .requeued,
                links: links, error: "TemplateError")
        }
        let dead = script.send(
            "notifications", "OrderPlaced", id: "m-placed", to: "orders.dlq", at: 407, in: last,
            links: last.map { [FlowScript.link($0, .deadLetterOf)] } ?? [])
        script.process(
            "shipping", "StockReserved", id: "m-reserved", from: "stock", at: 58, took: 5, of: reserved,
            group: "shipping")
        let ship = script.process(
            "shipping", "PaymentCharged", id: "m-charged", from: "payments", at: 1_513, took: 90, of: charged,
            group: "shipping")
        script.send(
            "shipping", "OrderShipped", id: "m-shipped", to: "shipping", at: 1_590, in: ship,
            causes: ["m-charged", "m-reserved"])
        let mail = script.send(
            "shipping", "SendConfirmationEmail", id: "m-mail", to: "mail.commands", at: 1_598, in: ship,
            intent: .command, causes: ["m-charged"])
        script.process(
            "notifications", "SendConfirmationEmail", id: "m-mail", from: "mail.commands", at: 1_601, took: 709,
            of: mail, group: "notifications")
        script.process(
            "notifications", "OrderPlaced", id: "m-placed", from: "orders.dlq", at: 41_408, took: 14, of: dead,
            child: false, group: "notifications", links: [FlowScript.link(dead, .replayOf)])
        return script.records
    }

    private static func fanInScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "claim-7")
        let filed = script.send("portal", "ClaimFiled", id: "f-1", to: "claims", at: 0)
        let photos = script.process(
            "photos", "ClaimFiled", id: "f-1", from: "claims", at: 3, took: 80, of: filed, child: false)
        let police = script.process(
            "police", "ClaimFiled", id: "f-1", from: "claims", at: 4, took: 400, of: filed, child: false)
        let checked = script.send(
            "photos", "PhotosChecked", id: "f-2", to: "evidence", at: 80, in: photos, causes: ["f-1"])
        let confirmed = script.send(
            "police", "ReportConfirmed", id: "f-3", to: "evidence", at: 400, in: police, causes: ["f-1"])
        script.process(
            "assessor", "PhotosChecked", id: "f-2", from: "evidence", at: 85, took: 5, of: checked, child: false)
        let second = script.process(
            "assessor", "ReportConfirmed", id: "f-3", from: "evidence", at: 460, took: 30, of: confirmed, child: false)
        let decided = script.send(
            "assessor", "ClaimDecided", id: "f-4", to: "decisions", at: 485, in: second, causes: ["f-2", "f-3"],
            links: [FlowScript.link(checked, .fanIn)])
        script.process(
            "payout", "ClaimDecided", id: "f-4", from: "decisions", at: 490, took: 12, of: decided, child: false)
        return script.records
    }

    private static func batchScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "import-3")
        let job = script.work("importer", "nightly import", at: 0, took: 30)
        let rows = (1...4).map { number in
            (
                id: "r-\(number)" as String?,
                sender: script.send(
                    "importer", "RowImported", id: "r-\(number)", to: "rows", at: Double(number) * 5, in: job)
            )
        }
        let view = script.processBatch(
            "reporting", "RowImported", of: rows, from: "rows", at: 60, took: 25, group: "read-model")
        let summary = script.send(
            "reporting", "SummaryReady", id: "r-sum", to: "summaries", at: 80, in: view,
            causes: ["r-1", "r-2", "r-3", "r-4"])
        script.send("reporting", "RowRejected", id: "r-bad", to: "rejects", at: 78, in: view, causes: ["r-3"])
        script.process(
            "mailer", "SummaryReady", id: "r-sum", from: "summaries", at: 84, took: 3, of: summary, group: "mailer")
        return script.records
    }

    private static func crossTraceScript() -> [SpanRecord] {
        var script = FlowScript(correlation: nil)
        let first = script.send("gateway", "ReadingTaken", id: nil, to: "readings", at: 0)
        let handler = script.process(
            "rules", "ReadingTaken", id: nil, from: "readings", at: 20, took: 6, of: first, child: false)
        let second = script.send("rules", "AlarmRaised", id: nil, to: "alarms", at: 24, in: handler)
        script.process(
            "pager", "AlarmRaised", id: nil, from: "alarms", at: 1_530, took: 8, of: second, child: false)
        return script.records
    }

    private static func correlationScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "trip-9")
        script.send("booking", "TripBooked", id: "c-1", to: "trips", at: 0)
        script.send("weather", "StormWarning", id: "c-2", to: "warnings", at: 700)
        script.process("booking", "StormWarning", id: "c-2", from: "warnings", at: 702, took: 4)
        return script.records
    }

    private static func missingSenderScript() -> [SpanRecord] {
        var script = FlowScript(correlation: nil)
        let lost = SpanContext(traceID: TraceID(high: 7, low: 7), spanID: SpanID(9), flags: [.sampled])
        let handler = script.process(
            "audit", "UserRenamed", id: "g-1", from: "users", at: 0, took: 10, of: lost, child: false)
        script.process("search", "UserRenamed", id: "g-1", from: "users", at: 2, took: 4, of: lost, child: false)
        let logged = script.send("audit", "AuditLogged", id: "g-2", to: "audit", at: 6, in: handler, causes: ["g-1"])
        script.process("archive", "AuditLogged", id: "g-2", from: "audit", at: 9, took: 3, of: logged)
        return script.records
    }

    private static func unfinishedScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "video-5")
        let uploaded = script.send("upload", "VideoUploaded", id: "u-1", to: "videos", at: 0)
        let handler = script.process(
            "transcoder", "VideoUploaded", id: "u-1", from: "videos", at: 5, took: nil, of: uploaded, settled: nil)
        script.send("transcoder", "TranscodingBegan", id: "u-2", to: "progress", at: 9, in: handler, causes: ["u-1"])
        script.process(
            "thumbnails", "VideoUploaded", id: "u-1", from: "videos", at: 6, took: 40, of: uploaded)
        return script.records
    }

    private static func cycleScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "ping-1")
        let ping = script.send("left", "Ping", id: "y-1", to: "pings", at: 0, causes: ["y-4"])
        let first = script.process("right", "Ping", id: "y-1", from: "pings", at: 2, took: 3, of: ping)
        let pong = script.send("right", "Pong", id: "y-2", to: "pongs", at: 4, in: first, causes: ["y-1"])
        let second = script.process("left", "Pong", id: "y-2", from: "pongs", at: 7, took: 3, of: pong)
        let again = script.send("left", "Ping", id: "y-3", to: "pings", at: 9, in: second, causes: ["y-2"])
        let third = script.process("right", "Ping", id: "y-3", from: "pings", at: 12, took: 3, of: again)
        let last = script.send("right", "Pong", id: "y-4", to: "pongs", at: 14, in: third, causes: ["y-3"])
        script.process("left", "Pong", id: "y-4", from: "pongs", at: 17, took: 3, of: last)
        var records = script.records
        // Two spans that claim to be each other's parent.
        records[0].parentID = records[1].spanID
        return records
    }

    private static func routedScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "invoice-8")
        script.system = "rabbitmq"
        let issued = script.send("invoicing", "InvoiceIssued", id: "q-1", to: "invoices:eu", at: 0)
        script.process(
            "ledger", "InvoiceIssued", id: "q-1", from: "invoices:eu:ledger", at: 5, took: 8, of: issued)
        script.process(
            "mail", "InvoiceIssued", id: "q-1", from: "invoices:eu:mail", at: 6, took: 8, of: issued,
            group: "mail-fast")
        script.process(
            "mail", "InvoiceIssued", id: "q-1", from: "invoices:eu:mail", at: 9, took: 80, of: issued,
            group: "mail-archive")
        return script.records
    }

    private static func requestsScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "cart-2")
        let page = script.work("shop", "POST /checkout", kind: .server, at: 0, took: 90)
        let client = script.work("shop", "POST", kind: .client, at: 5, took: 60, in: page)
        let quote = script.work("pricing", "POST /quote", kind: .server, at: 10, took: 50, in: client)
        let asked = script.send(
            "pricing", "PriceAsked", id: "h-1", to: "prices", at: 12, in: quote, intent: .command)
        script.process(
            "rates", "PriceAsked", id: "h-1", from: "prices", at: 15, took: 4, of: asked, attempt: 1,
            settled: .requeued, error: "Timeout")
        script.process("rates", "PriceAsked", id: "h-1", from: "prices", at: 40, took: 6, of: asked, attempt: 2)
        script.send("shop", "CheckoutSeen", id: "h-2", to: "analytics", at: 80, in: page)
        script.send("shop", "CheckoutLogged", id: "h-3", to: "logs", at: 84, in: page, error: "BrokerDown")
        return script.records
    }

    private static func createAndReceiveScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "meter-1")
        let job = script.work("meters", "collect", at: 0, took: 20)
        let first = script.send(
            "meters", "MeterRead", id: "k-1", to: "meters", at: 1, took: 0.2, in: job, operation: .create)
        let second = script.send(
            "meters", "MeterRead", id: "k-2", to: "meters", at: 2, took: 0.2, in: job, operation: .create)
        script.send(
            "meters", nil, id: nil, to: "meters", at: 3, took: 5, in: job,
            links: [FlowScript.link(first, nil, id: "k-1"), FlowScript.link(second, nil, id: "k-2")])
        for (id, sender, start) in [("k-1", first, 12.0), ("k-2", second, 13.0)] {
            script.process(
                "billing", "MeterRead", id: id, from: "meters", at: start, took: 1, of: sender, child: false,
                group: "billing", settled: nil, operation: .receive)
            let handler = script.process(
                "billing", "MeterRead", id: id, from: "meters", at: start + 2, took: 4, of: sender, settled: nil)
            script.settle("billing", id: id, from: "meters", as: .acknowledged, at: start + 5.5, in: handler)
        }
        return script.records
    }

    /// Every text that has broken a Mermaid diagram somewhere.
    package static let hostileNames = [
        "end", "say \"hi\"", "<b>bold</b> & <script>alert(1)</script>", "50%% done %%{init}%%",
        "#35; #quot; &amp;", "back\\slash\\n", "line one\nline two\ttab", "a[b]{c}(d)|e|",
        "`code` **bold** _it_ ~~no~~", "emoji 🚀👩‍👩‍👧 ünïcode 注文", "1. first", "- item", "+ plus", "fa:fa-bomb",
        "$$x^2$$", "a;b;c: d", "com.example.orders.fulfilment.v1.OrderPlacedEvent", "graph TD; A-->B",
        "click x href \"javascript:alert(1)\"", "\u{202E}drawkcab", "", " ", "---", "==> x",
        "https://example.com/a_b_c", "participant", "activate", "style", "o--o x--x", "-->>",
        "@{ shape: rect }", "😀", "subgraph", "a -- b", "classDef", "__proto__", "constructor",
    ]

    private static func hostileScript() -> [SpanRecord] {
        var script = FlowScript(correlation: "\"; end\n%% \\")
        for (place, name) in hostileNames.enumerated() {
            let next = hostileNames[(place + 1) % hostileNames.count]
            let sent = script.send(name, name, id: "x-\(place)", to: name, at: Double(place) * 10)
            script.process(
                next, name, id: "x-\(place)", from: name, at: Double(place) * 10 + 4, took: 3, of: sent,
                settled: place % 7 == 3 ? .deadLettered : .acknowledged, error: place % 7 == 3 ? name : nil)
        }
        return script.records
    }
}
