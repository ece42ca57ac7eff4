import Foundation
import Testing

@testable import SQLite

@Suite("A connection")
struct ConnectionTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    private func path(_ name: String) throws -> String {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory.appending(path: name).path
    }

    @Test("gives back every value as it was bound")
    func values() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        let select = try connection.prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7")
        try select.bind(Int64.min, 1)
        try select.bind(-0.5, 2)
        try select.bind("naïve \0 text", 3)
        try select.bindNull(4)
        try [UInt8]([0, 255]).withUnsafeBytes { try select.bind(bytes: $0, 5) }
        try [UInt8]().withUnsafeBytes { try select.bind(bytes: $0, 6) }
        try select.bind(1, .max, 7)
        #expect(try select.step())
        #expect(select.integer(0) == .min)
        #expect(select.double(1) == -0.5)
        #expect(select.text(2) == "naïve \0 text")
        #expect(select.isNull(3))
        #expect(select.withBytes(4) { Array($0) } == [0, 255])
        #expect(select.isBytes(5) && select.withBytes(5) { $0.isEmpty })
        #expect(select.halves(6)?.high == 1 && select.halves(6)?.low == .max)
        #expect(try !select.step())
    }

    @Test("commits a transaction that returns and rolls back one that throws")
    func transactions() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try connection.execute("CREATE TABLE t (x)")
        try connection.transaction { () throws(SQLiteError) in try connection.execute("INSERT INTO t VALUES (1)") }
        #expect(throws: SQLiteError.self) {
            try connection.transaction { () throws(SQLiteError) in
                try connection.execute("INSERT INTO t VALUES (2)")
                try connection.execute("INSERT INTO nowhere VALUES (3)")
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM t") == 1)
    }

    @Test("opens paths that would mean something in a URI")
    func uriCharacters() throws {
        let path = try path("100% sure?#1.db")
        try Connection(path: path, mode: .readWriteCreate).execute("CREATE TABLE t (x)")
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(try Connection(path: path, mode: .immutable).integer("SELECT count(*) FROM t") == 0)
    }

    @Test("says which extended code and whose words an error has")
    func errors() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try connection.execute("CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1)")
        let error = #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO t VALUES (1)") }
        #expect(error?.code == 19)
        #expect(error?.extendedCode == 2067)
        #expect(error?.message == "UNIQUE constraint failed: t.x")
    }

    @Test("waits for a lock no longer than its busy timeout")
    func busy() throws {
        let path = try path("busy.db")
        let holder = try Connection(path: path, mode: .readWriteCreate)
        try holder.execute("CREATE TABLE t (x); BEGIN IMMEDIATE")
        let other = try Connection(path: path, mode: .readWrite, busyTimeout: 20)
        let error = #expect(throws: SQLiteError.self) { try other.execute("INSERT INTO t VALUES (1)") }
        #expect(error?.isBusy == true)
        try holder.execute("COMMIT")
        try other.execute("INSERT INTO t VALUES (1)")
    }
}

@Suite("Migrations")
struct MigrationTests {
    private let first = Migrations(["CREATE TABLE a (x); INSERT INTO a VALUES (1)"])
    private let both = Migrations([
        "CREATE TABLE a (x); INSERT INTO a VALUES (1)", "ALTER TABLE a ADD COLUMN y DEFAULT 2",
    ])

    @Test("bring an older file forward and keep what is in it")
    func forward() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try first.apply(to: connection)
        #expect(try Migrations.version(of: connection) == 1)
        try both.apply(to: connection)
        #expect(try Migrations.version(of: connection) == 2)
        #expect(try connection.integer("SELECT x + y FROM a") == 3)
    }

    @Test("do nothing when the file is there already, or newer")
    func nothingToDo() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try both.apply(to: connection)
        try both.apply(to: connection)
        try first.apply(to: connection)
        #expect(try Migrations.version(of: connection) == 2)
        #expect(try connection.integer("SELECT count(*) FROM a") == 1)
    }

    @Test("leave the file as it was when a step fails")
    func failing() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try first.apply(to: connection)
        let broken = Migrations(first.steps + ["CREATE TABLE b (x)", "CREATE TABLE a (x)"])
        #expect(throws: SQLiteError.self) { try broken.apply(to: connection) }
        #expect(try Migrations.version(of: connection) == 1)
        #expect(try connection.integer("SELECT count(*) FROM sqlite_master WHERE name = 'b'") == 0)
    }
}
