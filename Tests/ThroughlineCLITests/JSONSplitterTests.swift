import FlowFixtures
import Testing

@testable import ThroughlineCLI

@Suite struct JSONSplitterTests {
    private static let text = """
        [{"a":"x,]}\\"\\\\","b":[{"c":1}]}, 17,
         {"d":{}},[{"e":"[{"}]]
        {"f":1}{"g":2}
        {"h":"cut
        {"i":[1,
        {"j":3}
        [{"k":4},{"l
        [{"m":5}]
        """
    private static let expected = [
        #"line 1, element 0: {"a":"x,]}\"\\","b":[{"c":1}]}"#, "line 1, element 1: a span must be an object",
        #"line 2, element 2: {"d":{}}"#, #"line 2, element 3: {"e":"[{"}"#, #"line 3: {"f":1}"#, #"line 3: {"g":2}"#,
        "line 4: a text does not end on its line", "line 5: it is cut off", #"line 6: {"j":3}"#,
        #"line 7, element 0: {"k":4}"#, "line 7, element 1: a text does not end on its line",
        #"line 8, element 2: {"m":5}"#, "line 8: the file ends before its list does",
    ]

    @Test func `objects are found wherever a file is cut into pieces`() {
        let bytes = Array(Self.text.utf8)
        for size in [1, 2, 3, 5, 7, 16, bytes.count] {
            #expect(
                split(stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) })
                    == Self.expected)
        }
    }

    @Test func `no bytes make it crash, and the pieces do not matter`() {
        var random = SeededGenerator(seed: 5)
        let seed = Array(Self.text.utf8)
        for _ in 0..<3_000 {
            var bytes = seed
            for _ in 0..<(1 + random.next() % 6) {
                bytes[Int(random.next() % UInt64(bytes.count))] = seed[Int(random.next() % UInt64(seed.count))]
            }
            let middle = Int(random.next() % UInt64(bytes.count))
            #expect(split([bytes]) == split([Array(bytes[..<middle]), Array(bytes[middle...])]))
        }
    }

    private func split(_ pieces: [[UInt8]]) -> [String] {
        var splitter = JSONSplitter()
        var found: [String] = []
        func take(_ record: FileRecord, _ place: RecordPlace) {
            switch record {
            case .json(let bytes), .protobuf(let bytes):
                found.append("\(place.description): \(String(decoding: bytes, as: UTF8.self))")
            case .broken(let reason): found.append("\(place.description): \(reason)")
            }
        }
        for piece in pieces { piece.withUnsafeBytes { splitter.feed($0, take) } }
        splitter.finish(take)
        return found
    }
}
