import Foundation
import ThroughlineOTLP
import ThroughlineStore

/// `export --file`: everything that the store has, whatever was sent elsewhere.
struct ExportFile {
    let path: String

    /// Writes the file.
    ///
    /// - Returns: How many spans it has.
    func write(_ reader: TraceReader) throws -> Int {
        let handle = try open()
        defer { if path != "-" { try? handle.close() } }
        var bar = ProgressBar()
        defer { bar.clear() }
        let total = try reader.counts().spans
        var count = 0
        var position: Int64 = 0
        while true {
            let batch = try reader.spans(after: position, limit: 2_048)
            if batch.spans.isEmpty { return count }
            do {
                try handle.write(contentsOf: Data(OTLPLines.encode(batch.spans)))
            } catch {
                throw Failure(code: .undelivered, message: "\(path) cannot be written: \(error.localizedDescription)")
            }
            count += batch.spans.count
            position = batch.position
            bar.show(path, Int64(count), of: Int64(total), spans: count)
        }
    }

    private func open() throws -> FileHandle {
        if path == "-" { return .standardOutput }
        let known = try? FileManager.default.attributesOfItem(atPath: path)
        if known?[.type] as? FileAttributeType == .typeRegular, (known?[.size] as? Int ?? 0) > 0 {
            throw Failure(
                code: .undelivered,
                message: "\(path) is there already and is left as it is. Name a new file, or delete that one first.")
        }
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw Failure(
                code: .undelivered, message: "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        return handle
    }
}
