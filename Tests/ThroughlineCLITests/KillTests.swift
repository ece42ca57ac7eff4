import FlowFixtures
import Foundation
import Testing
import ThroughlineStore

@Suite("Killed in the middle")
struct KillTests {
    @Test("A recording that is killed leaves a sound store with all that was stored, the unfinished shown as such")
    func killDrill() throws {
        let scratch = try Scratch()
        var unfinished = 0
        for _ in 1...5 {
            let process = try scratch.start("demo")
            let seen = try #require(stopWithWorkInHand(process, scratch.path(), beyond: unfinished))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal)
            let report = try TraceReader(path: scratch.path()).check()
            #expect(report.problems == [])
            #expect(report.counts.spans >= seen.spans)
            #expect(report.counts.spans + report.counts.unfinished >= seen.spans + seen.unfinished)
            unfinished = report.counts.unfinished
        }
        #expect(unfinished > 0)
        let outcome = try scratch.run("demo")
        #expect(outcome.code == 0, "the store takes a recording to its end afterwards")
        #expect(try scratch.run("doctor").output.contains("sound"))
    }

    /// Stops the process where it has stored some spans and begun others, and says how many of each; nil when it
    /// ended before.
    private func stopWithWorkInHand(_ process: Process, _ path: String, beyond unfinished: Int) -> StoreCounts? {
        func counts() -> StoreCounts? {
            guard let counts = try? TraceReader(path: path).counts() else { return nil }
            return counts.unfinished > unfinished && counts.spans > 0 ? counts : nil
        }
        while process.isRunning {
            usleep(1_000)
            // Looked at before it is stopped, too: stopped while it makes the file, it would keep us waiting for a lock.
            guard counts() != nil else { continue }
            kill(process.processIdentifier, SIGSTOP)
            if let counts = counts() { return counts }
            kill(process.processIdentifier, SIGCONT)
        }
        return nil
    }
}
