import FlowFixtures
import Foundation
import Testing
import ThroughlineStore

/// A collector that answers 401, 404 or a redirect has said nothing about the spans.
@Suite("Exporting with a wrong address or wrong credentials")
struct MisconfigurationTests {
    private static let answers = [
        (401, "401 Unauthorized. Are the headers with the credentials right?"),
        (404, "404 Not Found. Are host, port and path of the URL right?"),
        (302, "302 Found. It redirects to /elsewhere, and redirects are not followed"),
    ]

    private func expectEachOnce(_ collector: FakeCollector, _ scratch: Scratch) throws {
        let spans = try TraceReader(path: scratch.path()).counts()
        let taken = try collector.taken(scratch.path("taken"))
        #expect(taken.count == spans.spans - spans.unfinished && taken.values.allSatisfy { $0 == 1 })
        let state = try #require(try TraceReader(path: scratch.path()).exports().first)
        #expect(state.setAside.isEmpty && state.backlog == 0 && state.failure == nil)
    }

    @Test(
        "ends at once with 6 and the reason, sets nothing aside, and sends everything when it is mended",
        arguments: answers)
    func oneShot(status: Int, advice: String) throws {
        let scratch = try Scratch.withOrder()
        let collector = try FakeCollector()
        try collector.tell("answer \(status)")
        let outcome = try scratch.run("export", "--otlp", collector.endpoint)
        #expect(outcome.code == 6)
        #expect(outcome.error.contains("could not be sent: \(collector.endpoint)/v1/traces answered \(advice)"))
        #expect(outcome.error.contains("They stay in the store. Correct that (the URL, --header"))
        #expect(try collector.tell("count").values.reduce(0, +) == 1, "it is not tried again")
        let doctor = try scratch.run("doctor").output
        #expect(doctor.contains("answered \(advice)") && !doctor.contains("set aside"))
        try collector.tell("answer 200")
        #expect(try scratch.run("export", "--otlp", collector.endpoint).code == 0)
        try expectEachOnce(collector, scratch)
    }

    @Test("says so at once while it follows, and goes on by itself when it is mended", arguments: answers)
    func follow(status: Int, advice: String) throws {
        let scratch = try Scratch.withOrder()
        let collector = try FakeCollector()
        try collector.tell("answer \(status)")
        let process = try scratch.start(
            "export", "--otlp", collector.endpoint, "--follow", "--recheck", "50ms", errorsTo: "errors")
        try waitFor(scratch, "answered \(advice)")
        try collector.tell("answer 200")
        try waitFor(scratch, "the collector takes spans again")
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        try expectEachOnce(collector, scratch)
    }

    @Test("leaves the collector alone while it follows, and ends with 6 when it is interrupted")
    func interrupted() throws {
        let scratch = try Scratch.withOrder()
        let collector = try FakeCollector()
        try collector.tell("answer 403")
        let process = try scratch.start("export", "--otlp", collector.endpoint, "--follow", errorsTo: "errors")
        try waitFor(scratch, "it asks again every 60s")
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 6)
        try waitFor(scratch, "could not be sent: \(collector.endpoint)/v1/traces answered 403 Forbidden")
        #expect(try collector.tell("count")["403"] ?? 0 <= 2, "once, and once more at the end")
    }

    @Test("says at once what is refused for good while it follows")
    func refusedMeanwhile() throws {
        let scratch = try Scratch.withOrder()
        let collector = try FakeCollector()
        try collector.tell("answer 400")
        let process = try scratch.start("export", "--otlp", collector.endpoint, "--follow", errorsTo: "errors")
        try waitFor(scratch, "spans for good, which are set aside: \(collector.endpoint)/v1/traces answered 400")
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 6)
    }

    private func waitFor(_ scratch: Scratch, _ text: String) throws {
        let deadline = Date().addingTimeInterval(30)
        var said = ""
        repeat {
            said = try String(contentsOfFile: scratch.path("errors"), encoding: .utf8)
            if said.contains(text) { return }
            usleep(20_000)
        } while Date() < deadline
        Issue.record("it never said '\(text)' but '\(said)'")
    }
}
