internal import SQLite

extension StoreError {
    /// Says what an error of SQLite means for a store.
    ///
    /// - Parameter verb: what was tried: "open", "write", "read", "prune".
    init(_ verb: String, _ path: String, _ error: SQLiteError) {
        let (code, text) = Self.explain(path, error)
        self.init(code: code, path: path, message: "Cannot \(verb) the trace store \(path): \(text)")
    }

    /// Runs `body` and explains what it throws.
    static func wrapping<Result>(
        _ verb: String, _ path: String, _ body: () throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do { return try body() } catch { throw StoreError(verb, path, error) }
    }

    /// True when the same spans may go in later: somebody lets go of a lock, makes room, or changes a mode.
    var isWorthRetrying: Bool { code == .locked || code == .diskFull || code == .readOnly }

    private static func explain(_ path: String, _ error: SQLiteError) -> (Code, String) {
        if error.isNewerSchema {
            return (.newerSchema, "a newer Throughline made it (\(error.message)). Use that version, or another file.")
        }
        if error.isForeign || error.isNotADatabase {
            return (.notADatabase, "it is no trace store (\(error.message)). Name another file.")
        }
        if error.isBusy {
            return (.locked, "another process holds its write lock. Try again, or find the process with `fuser`.")
        }
        if error.isFull {
            return (.diskFull, "the disk is full. Make room, or delete old spans with `throughline prune`.")
        }
        if error.isCorrupt {
            return (
                .corrupt,
                "it is damaged (\(error.message)). Move it away and start a new one; `sqlite3 FILE .recover` may save spans."
            )
        }
        if error.isReadOnly {
            return (.readOnly, "it may not be written. Check the modes and the mount of the file and its directory.")
        }
        if error.isCannotOpen { return explainOpening(path) }
        return (.other, "\(error.message) (SQLite \(error.extendedCode), errno \(error.systemError)).")
    }

    private static func explainOpening(_ path: String) -> (Code, String) {
        let directory = StoreFile.directory(of: path)
        if !directory.exists {
            return (.cannotOpen, "the directory \(directory.name) does not exist. Make it first.")
        }
        if StoreFile.size(of: path) == nil {
            return directory.isWritable
                ? (.cannotOpen, "there is no such file.")
                : (.readOnly, "the directory \(directory.name) may not be written. Check its modes and its mount.")
        }
        return (.cannotOpen, "it is no file, or may not be read. Check its modes and those of \(directory.name).")
    }
}
