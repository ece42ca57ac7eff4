import FlowFixtures
import Foundation
import Testing
import ThroughlineModel
import ThroughlineZipkin

@Suite struct FuzzTests {
    /// Bytes that are wrong in every way that chance finds. THROUGHLINE_FUZZ sets how many.
    @Test func `no input makes the decoder crash or hang`() {
        let wanted = ProcessInfo.processInfo.environment["THROUGHLINE_FUZZ"].flatMap { Int($0) } ?? 20_000
        var random = SeededGenerator(seed: 17)
        var spans = RandomSpans(seed: 19)
        var seeds = (0..<20).map { _ in Zipkin.encode(spans.next(2)) }
        seeds.append(Array(Self.foreign.utf8))
        var accepted = 0
        for _ in 0..<wanted {
            let bytes = mutated(seeds[Int(random.next() % UInt64(seeds.count))], seeds, &random)
            if let decoded = try? Zipkin.decode(bytes) {
                accepted += 1
                // Whatever was read can be written, and is then read as it was.
                let again = try? Zipkin.decode(Zipkin.encode(decoded.spans)).spans
                #expect(again == decoded.spans.filter { $0.end != nil }.map(\.withoutEmptyMessage))
            }
        }
        #expect(accepted > 0 && accepted < wanted)
    }

    private func mutated(_ seed: [UInt8], _ seeds: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        for _ in 0..<(1 + random.next() % 8) {
            let place = Int(random.next() % UInt64(max(1, bytes.count)))
            switch random.next() % 6 {
            case 0 where !bytes.isEmpty: bytes[place % bytes.count] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.removeLast(min(bytes.count, Int(random.next() % 40)))
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: min(place, bytes.count))
            case 3 where !bytes.isEmpty: bytes.remove(at: place % bytes.count)
            // A digit for a digit keeps the JSON whole, so that what is in it is reached.
            case 4 where !bytes.isEmpty && (0x30...0x39).contains(bytes[place % bytes.count]):
                bytes[place % bytes.count] = 0x30 + UInt8(random.next() % 10)
            default:
                let piece = seeds[Int(random.next() % UInt64(seeds.count))].prefix(Int(random.next() % 60))
                bytes.insert(contentsOf: piece, at: min(place, bytes.count))
            }
        }
        return bytes
    }

    private static let foreign = """
        [{"traceId":"1","id":"2","kind":"CLIENT","timestamp":10,"duration":9},
         {"traceId":"1","id":"2","shared":true,"kind":"SERVER","debug":true,"localEndpoint":{"serviceName":"a","port":1}},
         {"traceId":"1","id":"3","parentId":"2","tags":{"error":"x","otlp.link.0":"1|2||{}|0","server.port":"80"}},
         {"traceId":"1","id":"4","annotations":[{"timestamp":4,"value":"a|{\\"b\\":[1]}|2"},{"value":"\\"c\\":{}"}]}]
        """
}

extension SpanRecord {
    fileprivate var withoutEmptyMessage: SpanRecord {
        var record = self
        if record.status.message == "" { record.status.message = nil }
        return record
    }
}
