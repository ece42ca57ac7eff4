import FlowFixtures
import Testing
import ThroughlineModel

@testable import ThroughlineFlow

/// What became of messages: given up, replayed, answered, delivered twice, handed through an outbox or a saga.
@Suite struct StoryTests {
    private func flow(_ golden: GoldenFlow) -> Flow { Flow(golden.records) }

    @Test func `the dead letter of an order, where it was set aside and its replay are one story`() throws {
        let flow = flow(.order)
        let letter = try #require(flow.deadLetters.first)
        #expect(flow.deadLetters.count == 1)
        #expect(letter.message == .named("m-placed") && letter.hop?.consumer.service == "notifications")
        #expect(letter.publication?.destination == "orders.dlq" && letter.exception == "TemplateError")
        #expect(letter.replays.map(\.isReplay) == [true] && letter.outcome == .recovered)
        #expect(flow.edges.count { $0.relation == .retries } == 2)
        #expect(flow.edges.filter { $0.relation == .setsAside }.map(\.evidence) == [.link])
        #expect(flow.edges.filter { $0.relation == .replays }.map(\.evidence) == [.link])
    }

    @Test func `retries over topics and traces of their own are one chain, and a replay that fails again says so`()
        throws
    {
        let flow = flow(.retryTopics)
        #expect(flow.traceIDs.count >= 4 && flow.messageCount == 1)
        let letter = try #require(flow.deadLetters.first { $0.publication?.destination == "scans-dlt" })
        #expect(letter.reason == "attempts-used-up" && letter.outcome == .failedAgain)
        #expect(letter.replays.count == 1)
        #expect(flow.edges.filter { $0.relation == .retries }.map(\.evidence) == [.link, .link])
        #expect(flow.hops.flatMap { $0.attempts.map(\.number) }.sorted() == [1, 2, 3, 4])
        #expect(flow.headline().hasSuffix("2 dead letters, 1 replayed"))
        #expect(flow.gaps.isEmpty)
    }

    @Test func `what the broker sets aside by itself is a dead letter too`() throws {
        let flow = flow(.brokerDeadLetter)
        let dead = try #require(flow.publications.last)
        #expect(dead.id.reason == .deadLettered && dead.id.destination == "invoices.dead" && dead.senders.isEmpty)
        #expect(flow.deadLetters.map(\.hop?.consumer.service) == ["ledger"])
        #expect(flow.deadLetters.first?.outcome == .waiting)
        #expect(flow.gaps.isEmpty)
    }

    @Test func `a message that its consumer sends on after failing counts as a dead letter, whoever traced it`() {
        // No attribute or link of ours says so: the handler that failed sends the same message on.
        var script = FlowScript(correlation: "c-1")
        let sent = script.send("pricing", nil, id: "m-1", to: "prices", at: 0, intent: nil)
        let failed = script.process(
            "mailer", nil, id: "m-1", from: "prices", at: 5, took: 2, of: sent, settled: nil, error: "ConnectionError")
        script.send("mailer", nil, id: "m-1", to: "prices.dlq", at: 6, in: failed, intent: nil)
        let flow = Flow(script.records)
        #expect(flow.publications.map(\.id.reason) == [.sent, .deadLettered])
        #expect(flow.hops.map(\.isDeadLetter) == [true] && flow.hops.map(\.settlement) == [nil])
        #expect(flow.headline().hasSuffix("1 dead letter"))
    }

    @Test func `what a consumer sets aside and a person sends again, each in a trace of its own, is one story`() throws
    {
        var script = FlowScript(correlation: nil)
        let sent = script.send("gateway", nil, id: "m-1", to: "orders", at: 0, intent: nil)
        for (attempt, start) in [5.0, 20, 60].enumerated() {
            script.process(
                "billing", nil, id: "m-1", from: "orders", at: start, took: 2, of: sent, attempt: attempt + 1,
                settled: nil, error: "Declined")
        }
        let aside = script.send(
            "billing", nil, id: "m-1", to: "orders.dlq", at: 63, intent: nil, links: [FlowScript.link(sent, nil)])
        let again = script.send(
            "support", nil, id: "m-1", to: "orders", at: 60_000, intent: nil, links: [FlowScript.link(aside, nil)])
        script.process("billing", nil, id: "m-1", from: "orders", at: 60_004, took: 3, of: again, settled: nil)
        let flow = Flow(script.records)
        #expect(flow.publications.map(\.id.reason) == [.sent, .deadLettered, .replayed])
        let letter = try #require(flow.deadLetters.first)
        #expect(flow.deadLetters.count == 1 && letter.outcome == .recovered && letter.exception == "Declined")
        #expect(flow.hops.map { $0.attempts.count } == [3, 1])
        #expect(flow.headline().hasSuffix("1 dead letter, replayed"))
        #expect(flow.latency == FlowScript.at(64).nanosecondsSinceEpoch - FlowScript.at(0).nanosecondsSinceEpoch)
    }

    @Test func `what its sender sends twice, or a consumer sends on for another attempt, is no dead letter`() {
        var script = FlowScript(correlation: nil)
        let sent = script.send("gateway", nil, id: "m-1", to: "orders", at: 0, intent: nil)
        script.process("billing", nil, id: "m-1", from: "orders", at: 5, took: 2, of: sent, settled: nil, error: "Late")
        script.send("billing", nil, id: "m-1", to: "orders-retry", at: 8, intent: nil)
        script.send("gateway", nil, id: "m-1", to: "orders", at: 9, intent: nil)
        let flow = Flow(script.records)
        #expect(flow.publications.map(\.id.reason) == [.sent, .sent])
        #expect(flow.deadLetters.isEmpty)
    }

    @Test func `messages of a batch that have spans of their own are told apart by them`() throws {
        let flow = flow(.batchWithSpans)
        #expect(flow.hops.map { $0.attempts.count } == [1, 1, 1])
        #expect(flow.hops.map(\.failed) == [false, true, false])
        #expect(flow.message(.named("w-9"))?.causes == [.named("w-3")])
    }

    @Test func `the time in an outbox is known, and a message that waits for its time says when that is`() throws {
        let flow = flow(.outbox)
        let opened = try #require(flow.publications.first)
        #expect(opened.dwellTime == 2_000_000_000 && opened.appended == FlowScript.at(10) && opened.due == nil)
        let reminder = try #require(flow.publications.last)
        #expect(reminder.due == FlowScript.at(62_020))
        #expect(flow.publications.count == 2 && flow.hops.map(\.queueTime) == [5_000_000, 9_000_000])
        #expect(flow.message(.named("o-2"))?.causes == [.named("o-1")])
    }

    @Test func `a saga has its steps in order, the failed one, what was undone, and its states`() throws {
        let saga = try #require(flow(.saga).sagas.first)
        #expect(saga.id == Saga.ID(type: "TripBooking", run: "trip-3"))
        #expect(saga.steps.map(\.name) == ["bookFlight", "bookHotel", "bookFlight"])
        #expect(saga.steps.map(\.failed) == [false, true, false])
        #expect(saga.steps.map(\.compensation) == [false, false, true])
        #expect(saga.steps.map(\.message) == [.named("s-1"), .named("s-3"), .named("s-4")])
        #expect(saga.states == ["flight booked", "hotel refused", "cancelled"] && saga.state == "cancelled")
        #expect(saga.wasCompensated && saga.failed && !saga.isUnfinished)
    }

    @Test func `the states of a saga stand in the order in which it came to them`() throws {
        var script = FlowScript(correlation: "c")
        for (state, start, took) in [
            ("stuck", 0, nil), ("charged", 1, 100), ("reserved", 2, 50), ("shipped", 110, 10),
        ] as [(String, Double, Double?)] {
            let step = script.work("orders", state, at: start, took: took)
            script.set(
                [
                    ThroughlineAttribute.sagaType: "Fulfilment", ThroughlineAttribute.sagaID: "1",
                    ThroughlineAttribute.sagaState: .string(state),
                ], on: step)
        }
        let saga = try #require(Flow(script.records).sagas.first)
        #expect(saga.states == ["reserved", "charged", "shipped", "stuck"] && saga.isUnfinished)
    }

    @Test func `the steps of a saga are in causal order although a clock is wrong`() throws {
        var records = GoldenFlow.saga.records
        for place in records.indices where records[place].resource.serviceName == "flights" {
            records[place].start = FlowScript.at(0)
            records[place].end = FlowScript.at(1)
        }
        let saga = try #require(Flow(records).sagas.first)
        #expect(saga.steps.map(\.compensation) == [false, false, true])
    }

    @Test func `an answer is joined to its question, with the time that the requester waited`() throws {
        let reply = try #require(flow(.requestReply).replies.first)
        #expect(reply.request == .named("a-1") && reply.reply == .named("a-2"))
        #expect(reply.requester == "checkout" && reply.responder == "pricing")
        #expect(reply.latency == 24_000_000 && reply.evidence == .parent)
    }

    @Test func `a message that is handled twice is marked, one that is tried again is not`() throws {
        let flow = flow(.duplicates)
        let seats = try #require(flow.hops.first { $0.consumer.group == "seats" })
        #expect(seats.attempts.map(\.isDuplicate) == [false, true])
        #expect(flow.duplicateCount == 1 && self.flow(.order).duplicateCount == 0)
        let mail = try #require(flow.hops.first { $0.consumer.group == "mail" })
        #expect(mail.isUnsettled && !seats.isUnsettled)
        #expect(flow.unsettledCount == 1)
    }

    @Test func `a wait of hours over a link is a hop like any other`() throws {
        let hop = try #require(flow(.slowQueue).hops.first)
        #expect(hop.evidence == .link && hop.queueTime == 10_799_999_000_000)
    }
}
