import FlowFixtures
import Foundation
import SQLite
import Testing
import ThroughlineModel

@testable import ThroughlineStore

@Suite("A store that cannot be used")
struct FailureTests {
    private func code(opening path: String) -> StoreError.Code? {
        do throws(StoreError) {
            _ = try TraceStore(path: path)
            return nil
        } catch {
            #expect(error.message.contains(path))
            #expect(error.path == path)
            return error.code
        }
    }

    @Test("says that another process holds the lock, keeps what it accepted, and stores it later")
    func locked() throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 10
        options.spansInFlight = 100
        let store = try TraceStore(path: scratch.path(), options: options)
        let holder = try Connection(path: scratch.path(), mode: .readWrite)
        try holder.execute("BEGIN IMMEDIATE")

        try store.write((1...100).map { span($0) })
        let error = #expect(throws: StoreError.self) { try store.flush() }
        #expect(error?.code == .locked)
        #expect(store.failure?.code == .locked)
        let refused = #expect(throws: StoreError.self) { try store.write([span(101), span(102)]) }
        #expect(refused?.code == .locked)
        #expect(store.lostCount == 2)

        try holder.execute("COMMIT")
        try store.flush()
        #expect(store.failure == nil)
        #expect(store.storedCount == 100)
        try store.write([span(103)])
        store.close()
        #expect(store.lostCount == 2)
        #expect(try TraceReader(path: scratch.path()).counts().spans == 101)
    }

    @Test("counts what it had accepted as lost when it closes while locked")
    func lockedUntilTheEnd() throws {
        let scratch = try Scratch()
        var options = TraceStore.Options()
        options.busyTimeoutMilliseconds = 10
        let store = try TraceStore(path: scratch.path(), options: options)
        let holder = try Connection(path: scratch.path(), mode: .readWrite)
        try holder.execute("BEGIN IMMEDIATE")
        try store.write([span(1), span(2)])
        store.close()
        #expect(store.storedCount == 0)
        #expect(store.lostCount == 2)
        let error = #expect(throws: StoreError.self) { try store.write([span(3)]) }
        #expect(error?.code == .other)
        #expect(store.lostCount == 3)
    }

    @Test("says that a file or its directory may not be written, and can still be read")
    func readOnly() throws {
        let scratch = try Scratch()
        try store([span(1), span(2)], at: scratch.path())
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: scratch.path())
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: scratch.directory.path)
        #expect(try WriterProcess(["open-as-nobody", scratch.path()]).lines() == ["REFUSED readOnly", "READ 2"])
        let missing = try WriterProcess(["open-as-nobody", scratch.path("new.db")]).lines()
        #expect(missing == ["REFUSED readOnly", "UNREADABLE readOnly"])
    }

    @Test(
        "says that the disk is full, counts what is lost, and keeps what it confirmed",
        arguments: [2_000_000, 400_000])
    func fullDisk(bytes: Int) throws {
        let scratch = try Scratch()
        let lines = try WriterProcess(["fill", scratch.path(), String(bytes)]).lines()
        #expect(lines.first == "REFUSED diskFull")
        let numbers = lines.last?.split(separator: " ").compactMap { Int($0) } ?? []
        try #require(numbers.count == 3)
        #expect(numbers[0] == numbers[1] + numbers[2])
        #expect(numbers[2] > 0)
        let report = try TraceReader(path: scratch.path()).check()
        #expect(report.problems == [])
        #expect(report.counts.spans == numbers[1])
    }

    @Test("says that the disk is full when a file system has no room left")
    func fullFileSystem() throws {
        let scratch = try Scratch()
        let mount = Process()
        mount.executableURL = URL(filePath: "/bin/sh")
        let writer = try #require(WriterProcess.executable)
        // A mount of its own namespace: nobody else sees it, and it goes with the process.
        let script = """
            mount -t tmpfs -o size=3m tmpfs "$1" 2>/dev/null || { echo UNMOUNTABLE; exit 0; }
            "$2" fill "$1/traces.db"
            """
        let output = Pipe()
        mount.executableURL = URL(filePath: "/usr/bin/env")
        mount.arguments = ["unshare", "-rm", "sh", "-c", script, "sh", scratch.directory.path, writer.path]
        mount.standardOutput = output
        mount.standardError = FileHandle.nullDevice
        try mount.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        mount.waitUntilExit()
        // Where namespaces are forbidden, the limit on the size of files above stands for it.
        guard !text.isEmpty, !text.contains("UNMOUNTABLE") else { return }
        #expect(text.hasPrefix("REFUSED diskFull\n"))
    }

    @Test("says that a file is damaged, in writing, reading and checking")
    func corrupt() throws {
        let scratch = try Scratch()
        try store((1...3_000).map { span($0, trace: $0, ["note": .string("text of span \($0)")]) }, at: scratch.path())
        let file = try FileHandle(forUpdating: URL(filePath: scratch.path()))
        // The first page, which says what the file is, stays; everything behind it is overwritten.
        let size = try file.seekToEnd()
        try file.seek(toOffset: 4_096)
        try file.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4_096))
        try file.close()
        #expect(code(opening: scratch.path()) == .corrupt)
        let error = #expect(throws: StoreError.self) { try TraceReader(path: scratch.path()).find("x") }
        #expect(error?.code == .corrupt)
    }

    @Test("goes on after a batch that a damaged file could not take, and finds the damage when checked")
    func corruptLater() throws {
        let scratch = try Scratch()
        try store((1...3_000).map { span($0, trace: $0, ["note": .string("text of span \($0)")]) }, at: scratch.path())
        let connection = try Connection(path: scratch.path(), mode: .readOnly)
        let select = "SELECT rootpage FROM sqlite_master WHERE name = 'spans_by_trace'"
        let root = try #require(try connection.integer(select))
        let file = try FileHandle(forUpdating: URL(filePath: scratch.path()))
        try file.seek(toOffset: UInt64(root - 1) * 4_096)
        try file.write(contentsOf: Data(repeating: 0xA5, count: 4_096))
        try file.close()
        #expect(try !TraceReader(path: scratch.path()).check().isSound)
        let store = try TraceStore(path: scratch.path())
        try store.write([span(4_000)])
        let error = #expect(throws: StoreError.self) { try store.flush() }
        #expect(error?.code == .corrupt)
        #expect(store.lostCount == 1)
    }

    @Test("says that a newer Throughline made the file, and leaves it as it is")
    func newerSchema() throws {
        let scratch = try Scratch()
        try store([span(1)], at: scratch.path())
        try Connection(path: scratch.path(), mode: .readWrite).execute("PRAGMA user_version = 99")
        let before = try Data(contentsOf: URL(filePath: scratch.path()))
        #expect(code(opening: scratch.path()) == .newerSchema)
        let error = #expect(throws: StoreError.self) { try TraceReader(path: scratch.path()) }
        #expect(error?.code == .newerSchema)
        #expect(try Data(contentsOf: URL(filePath: scratch.path())) == before)
    }

    @Test("says that a text file is no database, and leaves it as it is")
    func notADatabase() throws {
        let scratch = try Scratch()
        let text = Data(String(repeating: "not a database at all\n", count: 500).utf8)
        try text.write(to: URL(filePath: scratch.path()))
        #expect(code(opening: scratch.path()) == .notADatabase)
        let error = #expect(throws: StoreError.self) { try TraceReader(path: scratch.path()) }
        #expect(error?.code == .notADatabase)
        #expect(try Data(contentsOf: URL(filePath: scratch.path())) == text)
    }

    @Test("says that a database of another program is no trace store, and leaves it as it is")
    func foreignDatabase() throws {
        let scratch = try Scratch()
        try Connection(path: scratch.path(), mode: .readWriteCreate).execute("CREATE TABLE recipes (name)")
        let before = try Data(contentsOf: URL(filePath: scratch.path()))
        #expect(code(opening: scratch.path()) == .notADatabase)
        #expect(try Data(contentsOf: URL(filePath: scratch.path())) == before)
    }

    @Test("says which directory is missing, and makes nothing")
    func missingDirectory() throws {
        let scratch = try Scratch()
        let path = scratch.path("no/such/traces.db")
        #expect(code(opening: path) == .cannotOpen)
        let error = #expect(throws: StoreError.self) { try TraceReader(path: path) }
        #expect(error?.code == .cannotOpen)
        #expect(error?.description.contains("does not exist") == true)
    }

    @Test("says that there is no file to read, and makes none; a directory is no file")
    func missingFile() throws {
        let scratch = try Scratch()
        let error = #expect(throws: StoreError.self) { try TraceReader(path: scratch.path()) }
        #expect(error?.code == .cannotOpen)
        #expect(!FileManager.default.fileExists(atPath: scratch.path()))
        #expect(code(opening: scratch.directory.path) == .cannotOpen)
    }
}
