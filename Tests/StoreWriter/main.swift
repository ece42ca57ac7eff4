// What the store's tests and benchmarks run as a process of its own; the first word says what.

import Foundation

let words = Array(CommandLine.arguments.dropFirst())

func number(_ index: Int) -> Int { index < words.count ? Int(words[index]) ?? 0 : 0 }

do {
    guard words.count >= 2 else {
        print("usage: StoreWriter write|record|forward|fill|open-as-nobody|benchmark|benchmark-span-index PATH …")
        exit(2)
    }
    switch words[0] {
    case "write":
        try Workloads.write(words[1], firstWriter: number(2), threads: number(3), spansEach: number(4))
    case "record":
        try Workloads.record(words[1], run: UInt64(number(2)))
    case "forward":
        try await Workloads.forward(words[1], endpoint: words.count > 2 ? words[2] : "", spans: number(3))
    case "fill":
        if number(2) > 0 { Confinement.limitFileSize(number(2)) }
        try Workloads.fill(words[1])
    case "open-as-nobody":
        Confinement.dropRoot()
        Workloads.open(words[1])
    case "benchmark":
        try StoreBenchmark(directory: words[1], spans: number(2)).run()
    case "benchmark-span-index":
        try StoreBenchmark(directory: words[1], spans: number(2)).runSpanIndexes()
    default:
        exit(2)
    }
} catch {
    print("FAILED \(error)")
    exit(1)
}
