import Foundation
import ThroughlineOTLP
import ThroughlineStore

/// `export --file`: everything that the store has, whatever was sent elsewhere.
struct ExportFile {
    /// A line is read whole by those who read the file.
    private static let spansPerLine = 1_000

    let path: String

    /// Writes the file.
    ///
    /// - Returns: How many spans it has.
    func write(_ reader: TraceReader) throws -> Int {
        let descriptor = try open()
        defer { if path != "-" { close(descriptor) } }
        var bar = ProgressBar()
        defer { bar.clear() }
        let total = try reader.counts().spans
        var count = 0
        var position: Int64 = 0
        while true {
            let batch = try reader.spans(after: position, limit: Self.spansPerLine)
            if batch.spans.isEmpty { return count }
            try StandardStreams.put(
                OTLPLines.encode(batch.spans), to: descriptor, path == "-" ? "Standard output" : path)
            count += batch.spans.count
            position = batch.position
            bar.show(path, Int64(count), of: Int64(total), spans: count)
        }
    }

    private func open() throws -> Int32 {
        if path == "-" { return STDOUT_FILENO }
        try Output.checkDirectory(of: path)
        let known = try? FileManager.default.attributesOfItem(atPath: path)
        if known?[.type] as? FileAttributeType == .typeRegular, (known?[.size] as? Int ?? 0) > 0 {
            throw Failure(
                code: .undelivered,
                message: "\(path) is there already and is left as it is. Name a new file, or delete that one first.")
        }
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(
                code: .unwritable, message: "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        return descriptor
    }
}
