import FlowFixtures
import Foundation
import Gzip
import Testing
import ThroughlineModel
import ThroughlineOTLP

/// Bytes that are wrong in every way that chance finds. THROUGHLINE_FUZZ sets how many, for each test and argument; such a
/// run, alone in its process, watches the process's memory too.
@Suite("OTLP fuzz", .serialized) struct FuzzTests {
    private static let long = ProcessInfo.processInfo.environment["THROUGHLINE_FUZZ"].flatMap { Int($0) }
    private static let count = long ?? 20_000

    @Test(
        "no input makes the decoders crash or hang, or take memory beyond what it deserves",
        arguments: OTLP.Encoding.allCases)
    func decoders(encoding: OTLP.Encoding) throws {
        var spans = RandomSpans(seed: 13)
        var fuzzer = Fuzzer(
            seed: 11, (0..<20).map { _ in OTLP.encode(spans.next(2), as: encoding) } + [Array("{}".utf8)])
        let before = try residentBytes()
        var accepted = 0
        var slowest = Duration.zero
        for _ in 0..<Self.count {
            let bytes = fuzzer.next()
            let begin = ContinuousClock.now
            if let read = try? OTLP.decode(bytes, as: encoding) {
                accepted += 1
                // Not even an empty span stands in less than that.
                #expect(read.count <= bytes.count / 20)
            }
            slowest = max(slowest, begin.duration(to: .now))
        }
        #expect(accepted > 0 && accepted < Self.count)
        // A hang, not a slow machine.
        #expect(slowest < .seconds(10))
        #expect(try residentBytes() < before + 100 << 20)
    }

    @Test("no input makes unpacking crash or hang, or give more than was allowed")
    func gzip() throws {
        var spans = RandomSpans(seed: 17)
        let limit = 100_000
        var seeds = try (0..<10).map { _ in try Gzip.compress(OTLP.encode(spans.next(2))) }
        seeds.append(try Gzip.compress([UInt8](repeating: 0, count: 5_000_000), level: 9))
        var fuzzer = Fuzzer(seed: 19, seeds)
        let before = try residentBytes()
        var accepted = 0
        for _ in 0..<Self.count {
            let bytes = fuzzer.next()
            do {
                var gunzip = try Gunzip(limit: limit)
                try bytes.withUnsafeBytes { try gunzip.append($0) }
                try gunzip.finish()
                accepted += 1
                #expect(gunzip.output.count <= limit)
            } catch is GzipError {}
        }
        #expect(accepted < Self.count)
        #expect(try residentBytes() < before + 100 << 20)
    }

    /// What this process has in memory, from /proc; zero on other systems, and beside other tests.
    private func residentBytes() throws -> Int {
        guard Self.long != nil, let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return 0
        }
        let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return pages * Int(getpagesize())
    }
}

/// Makes inputs of good ones: bits flipped, bytes changed, inserted, removed and cut off, lengths blown up, pieces of
/// other inputs put in.
private struct Fuzzer {
    private var random: SeededGenerator
    private let seeds: [[UInt8]]

    init(seed: UInt64, _ seeds: [[UInt8]]) {
        random = SeededGenerator(seed: seed)
        self.seeds = seeds
    }

    mutating func next() -> [UInt8] {
        var bytes = seeds[number(seeds.count)]
        for _ in 0...number(8) {
            let place = number(bytes.count + 1)
            switch number(7) {
            case 0 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8(number(8))
            case 2: bytes.removeLast(min(bytes.count, number(40)))
            case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            case 4 where place < bytes.count: bytes.remove(at: place)
            // A length, or a number, that is as large as numbers get.
            case 5: bytes.insert(contentsOf: [UInt8](repeating: 0xFF, count: number(9)) + [0x7F], at: place)
            default: bytes.insert(contentsOf: seeds[number(seeds.count)].prefix(number(60)), at: place)
            }
        }
        return bytes
    }

    private mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
}
