import FlowFixtures
import Foundation
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("Several processes")
struct ProcessTests {
    @Test("write 200,000 spans into one file from 16 threads: none lost, none doubled")
    func manyWriters() throws {
        let scratch = try Scratch()
        let spansEach = 12_500
        let processes = try (0..<2).map { process in
            try WriterProcess(["write", scratch.path(), String(process * 8), "8", String(spansEach)])
        }
        for process in processes {
            #expect(process.lines() == ["STORED \(8 * spansEach) LOST 0"])
        }
        var seen: [[Bool]] = Array(repeating: Array(repeating: false, count: spansEach), count: 16)
        var doubled = 0
        var wrong = 0
        try TraceReader(path: scratch.path()).forEachSpan { record in
            let writer = Int(record.spanID.rawValue >> 32)
            let number = Int(record.spanID.rawValue & 0xFFFF_FFFF)
            if seen[writer][number] { doubled += 1 }
            seen[writer][number] = true
            // Interned values are where two writers could get in each other's way.
            let isRight =
                record.traceID.low == UInt64(number) / 8 + 1 && record.name == "process topic-\(number % 50)"
                && record.attributes[MessagingAttribute.conversationID] == .string("flow-\(number / 16)")
                && record.resource.serviceName == "writer-\(writer % 4)"
            if !isRight { wrong += 1 }
        }
        #expect(doubled == 0)
        #expect(wrong == 0)
        #expect(seen.allSatisfy { $0.allSatisfy { $0 } })
        #expect(try TraceReader(path: scratch.path()).check().isSound)
    }

    @Test("killed in the middle, ten times: what was confirmed is there, what was open shows as open")
    func killDrill() throws {
        let scratch = try Scratch()
        var confirmed: [UInt64: UInt64] = [:]
        for run in 1...10 as ClosedRange<UInt64> {
            let process = try WriterProcess(["record", scratch.path(), String(run)])
            let lines = process.linesUntilKilled(after: 2 + Int(run) * 3)
            let numbers = lines.compactMap { $0.split(separator: " ").last.flatMap { UInt64($0) } }
            let last = try #require(numbers.last)
            confirmed[run] = last
        }
        let reader = try TraceReader(path: scratch.path())
        #expect(try reader.check().problems == [])
        var ended: [UInt64: Set<UInt64>] = [:]
        var open: [UInt64: [UInt64]] = [:]
        try reader.forEachSpan { record in
            let run = record.spanID.rawValue >> 32
            let number = record.spanID.rawValue & 0xFFFF_FFFF
            if record.end == nil {
                open[run, default: []].append(number)
            } else {
                ended[run, default: []].insert(number)
            }
        }
        for (run, count) in confirmed {
            #expect((0..<count).allSatisfy { ended[run]?.contains($0) == true })
            // One span was open at any moment: that of the last confirmation, or of a later commit nobody heard of.
            let unfinished = open[run] ?? []
            #expect(unfinished.count == 1)
            #expect(unfinished.allSatisfy { $0 >= count && ended[run]?.contains($0) == false })
        }
    }
}
