import ThroughlineModel
import ThroughlineOTLP
import ThroughlineZipkin

/// Makes spans of records, Zipkin's many at a time: spans that two sides share are told apart within a list.
struct RecordDecoder {
    /// A record that could not be read, or only in part.
    struct Problem {
        let place: RecordPlace
        let reason: String
    }

    private static let zipkinElements = 4_096
    private static let zipkinBytes = 4 << 20

    let forced: ImportFormat?
    /// What the records turned out to be.
    private(set) var formats: Set<ImportFormat> = []
    /// True when something was an object, or a list of some, whatever it held.
    private(set) var hasSeenValue = false
    private(set) var problems: [Problem] = []
    /// How many records, or spans of them, could not be read.
    private(set) var skipped = 0
    private(set) var spans: [SpanRecord] = []
    /// Elements of a list of Zipkin's that has not been read yet, where each ends, and where it stood.
    private var list: [UInt8] = []
    private var ends: [Int] = []
    private var places: [RecordPlace] = []

    init(forced: ImportFormat?) {
        self.forced = forced
    }

    mutating func takeSpans() -> [SpanRecord] {
        defer { spans.removeAll() }
        return spans
    }

    mutating func take(_ record: FileRecord, _ place: RecordPlace) {
        switch record {
        case .broken(let reason): report(place, reason)
        case .protobuf(let bytes):
            formats.insert(.otlpProtobuf)
            request(bytes, .protobuf, place)
        case .json(let bytes):
            hasSeenValue = true
            // What stands in a list and is nothing else is Zipkin's, which says what is wrong with it.
            let isUnknown = place.element == nil || ForeignForm.isKnown(bytes)
            switch forced ?? ImportFormat.of(object: bytes) ?? (isUnknown ? nil : .zipkin) {
            case .zipkin: element(bytes, place)
            case .otlpJSON:
                formats.insert(.otlpJSON)
                request(bytes, .json, place)
            case .otlpProtobuf, nil: report(place, ForeignForm.ofObject(bytes))
            }
        }
    }

    /// Reads what still waits for its list to fill.
    mutating func finish() {
        guard !places.isEmpty else { return }
        list.append(UInt8(ascii: "]"))
        if let decoded = try? Zipkin.decode(list) {
            take(decoded, places)
        } else {
            // One of them is no JSON. Each by itself, then.
            var start = 1
            for (end, place) in zip(ends, places) {
                do throws(ZipkinError) {
                    take(try Zipkin.decode(Array(list[start..<end])), [place])
                } catch {
                    report(place, "\(error.reason) at its byte \(error.offset)")
                }
                start = end + 1
            }
        }
        list.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    private mutating func element(_ bytes: UnsafeRawBufferPointer, _ place: RecordPlace) {
        formats.insert(.zipkin)
        list.append(UInt8(ascii: list.isEmpty ? "[" : ","))
        list.append(contentsOf: bytes)
        ends.append(list.count)
        places.append(place)
        if places.count >= Self.zipkinElements || list.count >= Self.zipkinBytes { finish() }
    }

    private mutating func take(_ decoded: Zipkin.Decoded, _ places: [RecordPlace]) {
        spans += decoded.spans
        for problem in decoded.problems where problem.index < places.count {
            report(places[problem.index], problem.reason)
        }
        skipped += decoded.brokenCount - decoded.problems.count
    }

    private mutating func request(
        _ bytes: UnsafeRawBufferPointer, _ encoding: OTLP.Encoding, _ place: RecordPlace
    ) {
        do throws(OTLPError) {
            let request = try OTLP.decodeRequest(Array(bytes), as: encoding)
            spans += request.spans
            if let first = request.rejections.first {
                report(place, "\(first)")
                skipped += request.rejections.count - 1
            }
        } catch {
            report(place, "\(error.reason) at its byte \(error.offset)")
        }
    }

    private mutating func report(_ place: RecordPlace, _ reason: String) {
        skipped += 1
        if problems.count < 1_000 { problems.append(Problem(place: place, reason: reason)) }
    }
}
