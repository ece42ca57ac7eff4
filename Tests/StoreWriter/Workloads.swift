import Foundation
import ThroughlineModel
import ThroughlineStore

/// What this process does for the store's tests; each prints one line a step for the test to read.
enum Workloads {
    /// Several threads write spans whose ids say who wrote them: `<writer>` in the high half, a number in the low half.
    static func write(_ path: String, firstWriter: Int, threads: Int, spansEach: Int) throws {
        let store = try TraceStore(path: path)
        let running = Countdown(threads)
        for thread in 0..<threads {
            let writer = UInt64(firstWriter + thread)
            detach {
                do {
                    var number: UInt64 = 0
                    while number < spansEach {
                        let batch = (0..<min(250, UInt64(spansEach) - number)).map { offset in
                            Self.span(writer: writer, number: number + offset)
                        }
                        try store.write(batch)
                        number += UInt64(batch.count)
                    }
                } catch {
                    print("FAILED \(error)")
                }
                running.countDown()
            }
        }
        running.wait()
        try store.flush()
        store.close()
        print("STORED \(store.storedCount) LOST \(store.lostCount)")
    }

    static func span(writer: UInt64, number: UInt64) -> SpanRecord {
        let start = Timestamp(nanosecondsSinceEpoch: 1_787_220_000_000_000_000 + number * 1_000)
        return SpanRecord(
            // Several writers share each trace, correlation and string, so that they meet when they intern them.
            traceID: TraceID(high: 0x0198_0000_0000_0000, low: number / 8 + 1), spanID: SpanID(writer << 32 | number),
            name: "process topic-\(number % 50)", kind: .consumer, start: start,
            end: start.advanced(byNanoseconds: 500),
            attributes: [
                MessagingAttribute.destinationName: .string("topic-\(number % 50)"),
                MessagingAttribute.conversationID: .string("flow-\(number / 16)"),
                MessagingAttribute.messageID: .string("message-\(writer)-\(number)"),
            ], resource: Resource(attributes: ["service.name": .string("writer-\(writer % 4)")]))
    }

    /// Starts and ends spans until somebody kills the process: prints `CONFIRMED n` when the first n spans are ended
    /// and flushed and span n is started, its start flushed too.
    static func record(_ path: String, run: UInt64) throws {
        let store = try TraceStore(path: path)
        var number: UInt64 = 0
        var started = [SpanRecord]()
        while true {
            var batch: [SpanRecord] = started
            for index in batch.indices { batch[index].end = batch[index].start.advanced(byNanoseconds: 900) }
            for _ in 0..<20 {
                batch.append(span(writer: run, number: number))
                number += 1
            }
            var start = span(writer: run, number: number)
            start.end = nil
            started = [start]
            batch.append(start)
            try store.write(batch)
            try store.flush()
            print("CONFIRMED \(number)")
            fflush(nil)
            number += 1
        }
    }

    /// Writes until the store refuses, and says how it failed and what is where then.
    static func fill(_ path: String) throws {
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 100
        let store = try TraceStore(path: path, options: options)
        var samples = SampleSpans(seed: 1, service: "filler")
        var given = 0
        for _ in 0..<2_000 {
            let batch = (0..<500).map { _ in samples.next() }
            given += batch.count
            do throws(StoreError) {
                try store.write(batch)
                try store.flush()
            } catch {
                print("REFUSED \(error.code)")
                break
            }
        }
        store.close()
        print("GIVEN \(given) STORED \(store.storedCount) LOST \(store.lostCount)")
    }

    /// Opens for writing and for reading and says how each went.
    static func open(_ path: String) {
        do {
            let store = try TraceStore(path: path)
            try store.write([span(writer: 1, number: 1)])
            try store.flush()
            print("WROTE")
        } catch {
            print("REFUSED \(Self.code(of: error))")
        }
        do {
            print("READ \(try TraceReader(path: path).counts().spans)")
        } catch {
            print("UNREADABLE \(Self.code(of: error))")
        }
    }

    private static func code(of error: any Error) -> String { (error as? StoreError)?.code.description ?? "\(error)" }
}
