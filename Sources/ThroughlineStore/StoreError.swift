internal import SQLite

/// Why a trace store could not be opened, written or read, which file it was, and what to do about it.
public struct StoreError: Error, Hashable, Sendable {
    /// The kinds of failure; more may come.
    public struct Code: Hashable, Sendable {
        private enum Value: String, Hashable, Sendable {
            case locked, readOnly, diskFull, busy, corrupt, newerSchema, notADatabase, cannotOpen, other
        }

        private let value: Value

        private init(_ value: Value) { self.value = value }

        /// Another connection held the write lock for longer than the busy timeout.
        public static let locked = Code(.locked)
        /// The file or its directory may not be written.
        public static let readOnly = Code(.readOnly)
        /// No room on the disk, or a quota is used up.
        public static let diskFull = Code(.diskFull)
        /// More spans wait to be written than may.
        public static let busy = Code(.busy)
        /// The file is damaged.
        public static let corrupt = Code(.corrupt)
        /// A newer Throughline made the file.
        public static let newerSchema = Code(.newerSchema)
        /// The file is no SQLite database, or one of another program.
        public static let notADatabase = Code(.notADatabase)
        /// The file or its directory is missing, or may not be opened.
        public static let cannotOpen = Code(.cannotOpen)
        /// Anything else; the message says what.
        public static let other = Code(.other)
    }

    /// The kind of failure.
    public let code: Code
    /// The file, as it was given.
    public let path: String
    /// What happened, to which file, and what to do; one or two sentences.
    public let message: String
}

extension StoreError.Code: CustomStringConvertible {
    /// The name of the code, such as `locked`.
    public var description: String { value.rawValue }
}

extension StoreError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
