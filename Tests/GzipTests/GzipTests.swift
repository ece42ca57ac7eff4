import Foundation
import Testing

@testable import Gzip

@Suite("gzip")
struct GzipTests {
    @Test("comes back as it was, in pieces of any size", arguments: [1, 7, 1_000, 1 << 20])
    func roundTrip(piece: Int) throws {
        var random = SystemRandomNumberGenerator()
        for length in [0, 1, 100, 70_000, 300_000] {
            let bytes = (0..<length).map { $0 % 5 == 0 ? UInt8.random(in: 0...255, using: &random) : UInt8($0 % 7) }
            #expect(try gunzip(Gzip.compress(bytes), inPiecesOf: piece) == bytes)
        }
    }

    @Test("of several members reads as one text")
    func members() throws {
        let bytes = try Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
        #expect(try gunzip(bytes, inPiecesOf: 3) == Array("one two".utf8))
    }

    @Test("that is cut off, damaged, or none at all is told apart from what is whole")
    func broken() throws {
        let whole = try Gzip.compress(Array(String(repeating: "spans ", count: 500).utf8))
        for length in 0..<whole.count {
            #expect(throws: GzipError.truncated) { try gunzip(Array(whole[..<length]), inPiecesOf: 50) }
        }
        var damaged = whole
        damaged[whole.count - 6] ^= 1
        #expect(throws: GzipError.invalid("incorrect data check")) { try gunzip(damaged, inPiecesOf: 50) }
        #expect(throws: GzipError.invalid("incorrect header check")) { try gunzip(Array("{}".utf8), inPiecesOf: 50) }
        #expect(throws: GzipError.self) { try gunzip(whole + [1, 2, 3], inPiecesOf: 50) }
    }

    @Test("that stands for too much is given up at the limit, not at its end")
    func bomb() throws {
        let bomb = try Gzip.compress([UInt8](repeating: 0, count: 50_000_000), level: 9)
        #expect(bomb.count < 60_000)
        var gunzip = try Gunzip(limit: 100_000)
        var failure: GzipError?
        do { try bomb.withUnsafeBytes { try gunzip.append($0) } } catch { failure = error as? GzipError }
        #expect(failure == .tooLong(limit: 100_000))
        #expect(gunzip.output.count <= 100_000)
        #expect(try self.gunzip(Gzip.compress([UInt8](repeating: 0, count: 100_000)), inPiecesOf: 9).count == 100_000)
    }

    private func gunzip(_ bytes: [UInt8], inPiecesOf size: Int) throws -> [UInt8] {
        var gunzip = try Gunzip(limit: 1 << 20)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { try gunzip.append($0) }
        }
        try gunzip.finish()
        return gunzip.output
    }
}
