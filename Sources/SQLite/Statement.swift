internal import CSQLite

/// A prepared statement. Prepare once, then bind, step and reset as often as needed.
///
/// Parameters and columns are numbered as in SQLite: parameters from 1, columns from 0. Bytes and texts are copied when
/// they are bound, into a buffer that the statement keeps, so nothing has to outlive the call.
package final class Statement {
    fileprivate let handle: OpaquePointer
    fileprivate let connection: Connection

    init(_ sql: String, on connection: Connection) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        try connection.check(code)
        guard let prepared else { throw SQLiteError(code: SQLITE_MISUSE, message: "the statement is empty") }
        handle = prepared
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Moves to the next row; false when there is none left.
    package func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let error = SQLiteError(code: code, connection: connection.handle)
        sqlite3_reset(handle)
        throw error
    }

    /// Steps a statement that returns no rows and makes it ready for the next use; bound values stay.
    package func run() throws(SQLiteError) {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            let error = SQLiteError(code: code, connection: connection.handle)
            sqlite3_reset(handle)
            throw error
        }
        try connection.check(sqlite3_reset(handle))
    }

    /// The first column of all rows as numbers; ready for the next use afterwards.
    package func integers() throws(SQLiteError) -> [Int64] {
        var values: [Int64] = []
        while try step() { values.append(integer(0)) }
        reset()
        return values
    }

    /// Makes the statement ready for the next use; bound values stay.
    package func reset() {
        sqlite3_reset(handle)
    }
}

/// Parameters. A bind fails only for a wrong index, a value over SQLite's limit (1 GB) or a lack of memory.
extension Statement {
    /// Makes every parameter NULL.
    package func clearBindings() {
        sqlite3_clear_bindings(handle)
    }

    package func bindNull(_ index: Int32) throws(SQLiteError) {
        try connection.check(sqlite3_bind_null(handle, index))
    }

    package func bind(_ value: Int64, _ index: Int32) throws(SQLiteError) {
        try connection.check(sqlite3_bind_int64(handle, index, value))
    }

    package func bind(_ value: Int64?, _ index: Int32) throws(SQLiteError) {
        guard let value else { return try bindNull(index) }
        try bind(value, index)
    }

    package func bind(_ value: Double, _ index: Int32) throws(SQLiteError) {
        try connection.check(sqlite3_bind_double(handle, index, value))
    }

    package func bind(_ value: String?, _ index: Int32) throws(SQLiteError) {
        guard var value else { return try bindNull(index) }
        let code = value.withUTF8 { bytes in
            Self.bindText(handle, index, UnsafeRawBufferPointer(bytes))
        }
        try connection.check(code)
    }

    /// Binds UTF-8 bytes as text.
    package func bind(utf8 bytes: UnsafeRawBufferPointer, _ index: Int32) throws(SQLiteError) {
        try connection.check(Self.bindText(handle, index, bytes))
    }

    /// Binds bytes as they are.
    package func bind(bytes: UnsafeRawBufferPointer, _ index: Int32) throws(SQLiteError) {
        // A null pointer would bind NULL; no bytes are not the same as nothing.
        let code =
            bytes.isEmpty
            ? sqlite3_bind_zeroblob(handle, index, 0)
            : sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), Self.transient)
        try connection.check(code)
    }

    /// Binds sixteen bytes, given as two big-endian halves.
    package func bind(_ high: UInt64, _ low: UInt64, _ index: Int32) throws(SQLiteError) {
        let halves = (high.bigEndian, low.bigEndian)
        let code = withUnsafeBytes(of: halves) { bytes in
            sqlite3_bind_blob64(handle, index, bytes.baseAddress, 16, Self.transient)
        }
        try connection.check(code)
    }

    private static func bindText(_ handle: OpaquePointer, _ index: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            return sqlite3_bind_text(handle, index, "", 0, transient)
        }
        let characters = base.assumingMemoryBound(to: CChar.self)
        return sqlite3_bind_text64(handle, index, characters, UInt64(bytes.count), transient, UInt8(SQLITE_UTF8))
    }

    /// SQLITE_TRANSIENT, a cast that C's macro makes and Swift does not import: "copy this before you return".
    private static var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

/// Columns of the row that the last step reached.
extension Statement {
    package func isNull(_ index: Int32) -> Bool { sqlite3_column_type(handle, index) == SQLITE_NULL }

    package func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(handle, index) }

    package func optionalInteger(_ index: Int32) -> Int64? { isNull(index) ? nil : integer(index) }

    package func double(_ index: Int32) -> Double { sqlite3_column_double(handle, index) }

    package func optionalText(_ index: Int32) -> String? { isNull(index) ? nil : text(index) }

    /// The text of a column; bytes that are no UTF-8 are repaired.
    package func text(_ index: Int32) -> String {
        withText(index) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a text column, valid inside `body`.
    package func withText<Result>(_ index: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let text = sqlite3_column_text(handle, index)
        return body(UnsafeBufferPointer(start: text, count: text == nil ? 0 : Int(sqlite3_column_bytes(handle, index))))
    }

    /// True when the column holds bytes, not text or a number.
    package func isBytes(_ index: Int32) -> Bool { sqlite3_column_type(handle, index) == SQLITE_BLOB }

    /// The bytes of a column, valid inside `body`.
    package func withBytes<Result>(_ index: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let bytes = sqlite3_column_blob(handle, index)
        let count = bytes == nil ? 0 : Int(sqlite3_column_bytes(handle, index))
        return body(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Sixteen bytes as two big-endian halves, nil when the column holds anything else.
    package func halves(_ index: Int32) -> (high: UInt64, low: UInt64)? {
        guard isBytes(index) else { return nil }
        return withBytes(index) { bytes in
            guard bytes.count == 16 else { return nil }
            return (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }
}
