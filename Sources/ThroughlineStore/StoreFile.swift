internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Opens store files and looks at them from outside.
enum StoreFile {
    /// Opens a file for writing, makes it when it is missing, and brings its schema up to date.
    static func openForWriting(_ path: String, busyTimeout: Int) throws(SQLiteError) -> Connection {
        let connection = try Connection(path: path, mode: .readWriteCreate, busyTimeout: busyTimeout)
        // Read before anything is written: a file that is not ours stays as it is.
        try verify(connection, mayBeEmpty: true)
        if try Migrations.version(of: connection) == 0 {
            // Only an empty file can be told, so before the first table.
            try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        }
        try switchToWriteAheadLog(connection, busyTimeout: busyTimeout)
        // A checkpoint every 16,000 pages (64 MB) and not every 1,000: a page of an index that many transactions change
        // goes from the log to the file once for all of them. And 32 MB of cache for the indexes.
        try connection.execute(
            """
            PRAGMA synchronous = NORMAL;
            PRAGMA wal_autocheckpoint = 16000;
            PRAGMA journal_size_limit = 67108864;
            PRAGMA cache_size = -32768;
            PRAGMA temp_store = MEMORY;
            """)
        try Schema.migrations.apply(to: connection)
        try verify(connection, mayBeEmpty: false)
        return connection
    }

    /// Opens a file for reading. A file in a directory that may not be written cannot have the files beside it that
    /// the write-ahead log needs; when there is no log either, nobody writes it, and it is read as it stands.
    static func openForReading(_ path: String, busyTimeout: Int) throws(SQLiteError) -> Connection {
        do throws(SQLiteError) {
            let connection = try Connection(path: path, mode: .readOnly, busyTimeout: busyTimeout)
            try verify(connection, mayBeEmpty: false)
            // 16 MB of cache: the upper levels of all indexes stay there.
            try connection.execute("PRAGMA cache_size = -16384")
            return connection
        } catch {
            guard error.isCannotOpen || error.isReadOnly, size(of: path) != nil, (size(of: path + "-wal") ?? 0) == 0
            else { throw error }
            let connection = try Connection(path: path, mode: .immutable)
            try verify(connection, mayBeEmpty: false)
            return connection
        }
    }

    /// The size in bytes; nil when there is no such file.
    static func size(of path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Whether the directory of a file is there, and whether it may be written.
    static func directory(of path: String) -> (name: String, exists: Bool, isWritable: Bool) {
        let name = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return (name, access(name, F_OK) == 0, access(name, W_OK) == 0)
    }

    private static func verify(_ connection: Connection, mayBeEmpty: Bool) throws(SQLiteError) {
        let version = try Migrations.version(of: connection)
        let application = try connection.integer("PRAGMA application_id") ?? 0
        if application == Schema.applicationID {
            guard version <= Schema.migrations.newest else { throw .newerSchema(version) }
            return
        }
        let tables = try connection.integer("SELECT count(*) FROM sqlite_master") ?? 0
        // Somebody else may have made the store between the two looks.
        if tables > 0, try connection.integer("PRAGMA application_id") == Schema.applicationID {
            return try verify(connection, mayBeEmpty: mayBeEmpty)
        }
        guard mayBeEmpty, application == 0, tables == 0 else { throw .foreign(isEmpty: tables == 0) }
    }

    /// Several processes may do this to a new file at once, and SQLite does not wait for the lock here by itself.
    private static func switchToWriteAheadLog(_ connection: Connection, busyTimeout: Int) throws(SQLiteError) {
        let pauseMilliseconds = 5
        var waited = 0
        while true {
            do throws(SQLiteError) {
                try connection.execute("PRAGMA journal_mode = WAL")
                return
            } catch {
                guard error.isBusy, waited < busyTimeout else { throw error }
                usleep(UInt32(pauseMilliseconds) * 1_000)
                waited += pauseMilliseconds
            }
        }
    }
}

extension SQLiteError {
    /// Codes beyond those of SQLite, which use 28 bits at most, for what is wrong with a file that SQLite can read.
    private static let newerSchemaCode: Int32 = 0x4000_0000
    private static let foreignCode: Int32 = 0x4000_0100

    static func newerSchema(_ version: Int64) -> SQLiteError {
        SQLiteError(code: newerSchemaCode, message: "schema version \(version)")
    }

    static func foreign(isEmpty: Bool) -> SQLiteError {
        SQLiteError(code: foreignCode, message: isEmpty ? "the file is empty" : "it holds other tables")
    }

    var isNewerSchema: Bool { extendedCode == Self.newerSchemaCode }
    var isForeign: Bool { extendedCode == Self.foreignCode }
}
