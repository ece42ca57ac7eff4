internal import CSQLite

/// What SQLite said when something failed.
package struct SQLiteError: Error, Hashable, Sendable {
    /// The primary result code, such as `SQLITE_BUSY` (5).
    package let code: Int32
    /// The extended result code, such as `SQLITE_IOERR_WRITE` (778); equal to ``code`` when there is none.
    package let extendedCode: Int32
    /// The `errno` of the system call that failed, zero when none did.
    package let systemError: Int32
    /// SQLite's own words.
    package let message: String

    package init(code: Int32, systemError: Int32 = 0, message: String) {
        self.code = code & 0xFF
        self.extendedCode = code
        self.systemError = systemError
        self.message = message
    }

    /// Reads what the connection has to say about the call that just returned `code`.
    init(code: Int32, connection: OpaquePointer?) {
        guard let connection else {
            self.init(code: code, message: String(cString: sqlite3_errstr(code)))
            return
        }
        let extended = sqlite3_extended_errcode(connection)
        let isOfThisCall = extended & 0xFF == code & 0xFF
        self.init(
            code: isOfThisCall ? extended : code,
            systemError: sqlite3_system_errno(connection),
            message: String(cString: isOfThisCall ? sqlite3_errmsg(connection) : sqlite3_errstr(code)))
    }

    /// Another connection holds a lock.
    package var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }
}

extension SQLiteError: CustomStringConvertible {
    package var description: String { "SQLite error \(extendedCode): \(message)" }
}
