internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

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
        // SQLite notes the error of the system for most calls, but not for a COMMIT that fails.
        let systemError = code & 0xFF == SQLITE_IOERR ? errno : 0
        guard let connection else {
            self.init(code: code, message: String(cString: sqlite3_errstr(code)))
            return
        }
        let extended = sqlite3_extended_errcode(connection)
        let isOfThisCall = extended & 0xFF == code & 0xFF
        self.init(
            code: isOfThisCall ? extended : code,
            systemError: sqlite3_system_errno(connection) != 0 ? sqlite3_system_errno(connection) : systemError,
            message: String(cString: isOfThisCall ? sqlite3_errmsg(connection) : sqlite3_errstr(code)))
    }

}

extension SQLiteError {
    /// Another connection holds a lock.
    package var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }

    /// No room: SQLite says so itself for ENOSPC, and calls a used-up quota or file size limit an I/O error.
    package var isFull: Bool {
        code == SQLITE_FULL
            || code == SQLITE_IOERR && (systemError == ENOSPC || systemError == EDQUOT || systemError == EFBIG)
    }

    /// The file, or the directory for the files beside it, may not be written.
    package var isReadOnly: Bool { code == SQLITE_READONLY || code == SQLITE_PERM }

    /// The file's pages make no sense.
    package var isCorrupt: Bool { code == SQLITE_CORRUPT }

    /// The file does not begin as a database does.
    package var isNotADatabase: Bool { code == SQLITE_NOTADB }

    /// The file could not be opened.
    package var isCannotOpen: Bool { code == SQLITE_CANTOPEN }

    /// For content that SQLite stored well and that makes no sense to us.
    package static func corrupt(_ message: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: message)
    }
}

extension SQLiteError: CustomStringConvertible {
    package var description: String { "SQLite error \(extendedCode): \(message)" }
}
