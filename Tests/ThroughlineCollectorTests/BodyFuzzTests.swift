import FlowFixtures
import Foundation
import Gzip
import HTTPTypes
import Hummingbird
import Testing
import ThroughlineModel
import ThroughlineOTLP

@testable import ThroughlineCollector

/// Bodies that are wrong in every way that chance finds. THROUGHLINE_FUZZ sets how many inputs.
@Suite("Whatever a body holds,") struct BodyFuzzTests {
    private static let count = ProcessInfo.processInfo.environment["THROUGHLINE_FUZZ"].flatMap { Int($0) } ?? 20_000

    @Test("undoing gzip and decoding end within the limit, and a whole body comes back as it was")
    func bytes() throws {
        var random = SeededGenerator(seed: 29)
        let plain = OTLP.Encoding.allCases.flatMap { encoding in
            [0, 1, 5].map { OTLP.encode(Array(GoldenFlow.order.records.prefix($0)), as: encoding) }
        }
        let corpus =
            try plain.map { (plain: $0, gzip: try Gzip.compress($0)) } + [
                ([UInt8](repeating: 0, count: 100_000), try Gzip.compress([UInt8](repeating: 0, count: 100_000)))
            ]
        var whole = 0
        for round in 0..<Self.count {
            let (plain, gzip) = corpus[Int(random.next() % UInt64(corpus.count))]
            let limit = Int(random.next() % 60_000)
            let isIntact = round % 16 == 0
            let isMutatedBefore = round % 4 == 1
            let body =
                isIntact
                ? gzip : isMutatedBefore ? try Gzip.compress(random.mutated(plain), level: 1) : random.mutated(gzip)
            guard let result = random.gunzip(body, limit) else {
                #expect(!isIntact || plain.count > limit)
                continue
            }
            if isIntact { #expect(result == plain) }
            #expect(result.count <= limit)
            for encoding in OTLP.Encoding.allCases {
                if (try? OTLP.decodeRequest(result, as: encoding)) != nil { whole += 1 }
            }
        }
        #expect(whole > 0)
    }

    @Test("reading a request keeps to the limits and holds nothing afterwards")
    func requests() async throws {
        var random = SeededGenerator(seed: 31)
        let plain = OTLP.encode(GoldenFlow.order.records)
        let bodies = [plain, try Gzip.compress(plain), [], [UInt8](repeating: 7, count: 5_000)]
        let budget = ByteBudget(plain.count * 2)
        for _ in 0..<Self.count / 10 {
            let reader = BodyReader(limit: Int(random.next() % UInt64(plain.count * 2)), budget: budget)
            let body = random.next() % 3 == 0 ? random.mutated(bodies[0]) : bodies[Int(random.next() % 4)]
            var head = HTTPRequest(method: .post, scheme: "http", authority: "x", path: "/v1/traces")
            head.headerFields[.contentEncoding] = [nil, "gzip", "GZIP", "identity", "br"][Int(random.next() % 5)]
            let length = [nil, "\(body.count)", "\(body.count + 1)", "-1", "x"][Int(random.next() % 5)]
            head.headerFields[.contentLength] = length
            let (pieces, source) = AsyncStream.makeStream(of: ByteBuffer.self)
            for piece in random.pieces(body) { source.yield(ByteBuffer(bytes: piece)) }
            source.finish()
            let request = Request(head: head, body: RequestBody(asyncSequence: pieces))
            do throws(Refusal) {
                var share = ByteBudget.Share(of: budget)
                let result = try await reader.read(request, &share)
                #expect(result.count <= reader.limit)
                #expect(length != "\(body.count + 1)")
            } catch {
                #expect([400, 413, 415, 429].contains(error.status.code))
                #expect(error.status.code != 429 || error.retryAfter != nil)
            }
        }
        var share = ByteBudget.Share(of: budget)
        #expect(throws: Never.self) { try share.grow(by: plain.count * 2) }
    }
}

extension SeededGenerator {
    /// The bytes with one to four changes: bits, values, pieces cut out, repeated, put in.
    fileprivate mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...(next() % 4) {
            let place = Int(next() % UInt64(bytes.count + 1))
            let length = min(bytes.count - place, Int(next() % 12))
            switch next() % 6 {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(next() % 8)
            case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 2: bytes.removeSubrange(place..<place + length)
            case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
            case 4: bytes.removeLast(bytes.count - place)
            default: bytes.insert(contentsOf: (0...next() % 8).map { UInt8(truncatingIfNeeded: $0) }, at: place)
            }
        }
        return bytes
    }

    /// The bytes in up to eight pieces, some of them empty.
    fileprivate mutating func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var cuts = (0..<next() % 8).map { _ in Int(next() % UInt64(bytes.count + 1)) } + [0, bytes.count]
        cuts.sort()
        return zip(cuts, cuts.dropFirst()).map { bytes[$0..<$1] }
    }

    /// Nil when the bytes are no gzip, or stand for too much.
    fileprivate mutating func gunzip(_ bytes: [UInt8], _ limit: Int) -> [UInt8]? {
        do throws(GzipError) {
            var gunzip = try Gunzip(limit: limit)
            for piece in pieces(bytes) {
                let failure = piece.withUnsafeBytes { bytes -> GzipError? in
                    do throws(GzipError) { try gunzip.append(bytes) } catch { return error }
                    return nil
                }
                if let failure { throw failure }
            }
            try gunzip.finish()
            return gunzip.output
        } catch {
            return nil
        }
    }
}
