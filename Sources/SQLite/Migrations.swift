/// The versions of a schema, each made from the one before; the version of a file is its `user_version`.
package struct Migrations: Sendable {
    /// The first makes version 1 of an empty file, the second version 2 of that, and so on.
    package let steps: [String]

    package init(_ steps: [String]) {
        self.steps = steps
    }

    /// The version that the last step makes.
    package var newest: Int64 { Int64(steps.count) }

    /// The version of a file; zero for one without a schema.
    package static func version(of connection: Connection) throws(SQLiteError) -> Int64 {
        try connection.integer("PRAGMA user_version") ?? 0
    }

    /// Brings a file to the newest version, all in one transaction. Does nothing when it is there, or beyond: whether
    /// a newer schema is an error is the caller's to say, before anything is written.
    package func apply(to connection: Connection) throws(SQLiteError) {
        guard try Self.version(of: connection) < newest else { return }
        try connection.transaction(.immediate) { () throws(SQLiteError) in
            // Read again under the lock: another process may have migrated meanwhile.
            let version = try Self.version(of: connection)
            guard version >= 0, version < newest else { return }
            for step in steps[Int(version)...] { try connection.execute(step) }
            try connection.execute("PRAGMA user_version = \(newest)")
        }
    }
}
