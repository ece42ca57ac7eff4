internal import CSQLite

/// One connection to one database file, used by one thread at a time.
///
/// It is not `Sendable`: whoever owns it keeps it on a thread or behind a lock, so SQLite's own mutexes are left out.
package final class Connection {
    /// How a file is opened.
    package enum Mode {
        /// For reading and writing; the file is made when it is missing.
        case readWriteCreate
        /// For reading and writing; the file must be there.
        case readWrite
        /// For reading; other connections may write.
        case readOnly
        /// For reading a file that nobody writes, without locks and without the files beside it. What lies in a
        /// write-ahead log is not seen.
        case immutable
    }

    let handle: OpaquePointer

    /// Opens a file.
    ///
    /// - Parameter busyTimeout: how many milliseconds a call waits for another connection's lock.
    package init(path: String, mode: Mode, busyTimeout: Int = 0) throws(SQLiteError) {
        let access: Int32 =
            switch mode {
            case .readWriteCreate: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readWrite: SQLITE_OPEN_READWRITE
            case .readOnly, .immutable: SQLITE_OPEN_READONLY
            }
        var opened: OpaquePointer?
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI
        let code = sqlite3_open_v2(Self.uri(path, immutable: mode == .immutable), &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code: code, connection: opened)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(handle, Int32(clamping: busyTimeout))
    }

    deinit {
        // The v2 form waits for statements that are still alive, whatever the order in which owners let go.
        sqlite3_close_v2(handle)
    }

    /// Runs statements that return nothing of interest.
    package func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// Prepares one statement for repeated use.
    package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        try Statement(sql, on: self)
    }

    /// The first column of the first row as a number, nil when there is no row or it is NULL.
    package func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.optionalInteger(0) : nil
    }

    /// The first column of the first row as text, nil when there is no row or it is NULL.
    package func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.optionalText(0) : nil
    }

    /// How a transaction begins.
    package enum TransactionKind: String {
        /// Locks when it first reads or writes: a view of one moment for readers.
        case deferred = "BEGIN"
        /// Takes the write lock at once, so that waiting for it happens here and never in the middle.
        case immediate = "BEGIN IMMEDIATE"
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    package func transaction<Result>(
        _ kind: TransactionKind = .immediate, _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        try execute(kind.rawValue)
        do throws(SQLiteError) {
            let result = try body()
            // Not `execute`, which tidies up after a failure and so forgets the `errno` that tells a full disk.
            try prepare("COMMIT").run()
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// The row id of the last row that this connection inserted.
    package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// How many rows the last statement inserted, changed or deleted.
    package var changes: Int { Int(sqlite3_changes(handle)) }

    /// Some errors (full disk, for one) roll back by themselves; a second rollback would only report that.
    private func rollBack() {
        if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }

    func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw SQLiteError(code: code, connection: handle) }
    }

    /// A URI filename, because only a URI can say `immutable`; `?`, `#` and `%` of a path are escaped.
    private static func uri(_ path: String, immutable: Bool) -> String {
        if path == ":memory:" { return path }
        var uri = "file:"
        for character in path.unicodeScalars {
            switch character {
            case "?": uri += "%3f"
            case "#": uri += "%23"
            case "%": uri += "%25"
            default: uri.unicodeScalars.append(character)
            }
        }
        return immutable ? uri + "?immutable=1" : uri
    }
}
