/// The vendors' part of a trace context: an ordered list of at most 32 members, most recently changed first
/// (W3C Trace Context Level 2, section 3.3).
///
/// Kept as the text that arrived: most spans only pass it on, so it is taken apart only when somebody asks.
public struct TraceState: Hashable, Sendable {
    /// The most members that a list may have (section 3.3.1.1).
    public static let maximumMembers = 32
    /// The length, in bytes, that is always passed on (section 3.3.1.5 asks for at least 512).
    public static let maximumLength = 512

    /// The list as it stands in the header; empty when there is none.
    public private(set) var header: String

    /// No members.
    public init() {
        header = ""
    }

    /// Reads a `tracestate` header. Returns nil when any member is malformed, a key is doubled, or there are more
    /// than 32 members: the whole list is then discarded, and the `traceparent` beside it stays valid.
    public init?(header: String) {
        guard let members = Self.members(of: header) else { return nil }
        self.header = Self.join(members)
    }

    /// True when there are no members.
    public var isEmpty: Bool { header.isEmpty }

    /// The members in order.
    public var members: [(key: String, value: String)] {
        (Self.members(of: header) ?? []).map { (String($0.key), String($0.value)) }
    }

    /// The value of a key. Setting moves the key to the front; setting nil removes it; a key or value that the
    /// grammar forbids leaves the list as it is.
    public subscript(key: String) -> String? {
        get { members.first { $0.key == key }?.value }
        set {
            var list = members.filter { $0.key != key }
            if let newValue {
                guard Self.isKey(key.utf8[...]), Self.isValue(newValue.utf8[...]) else { return }
                list.insert((key, newValue), at: 0)
            }
            header = Self.join(list.prefix(Self.maximumMembers).map { ($0.key[...], $0.value[...]) })
        }
    }

    /// The header shortened to ``maximumLength``: members of more than 128 characters go first, then those at the
    /// end, always whole (section 3.3.1.5).
    public var bounded: TraceState {
        guard header.utf8.count > Self.maximumLength else { return self }
        var list = members
        func length() -> Int { list.reduce(-1) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 } }
        while length() > Self.maximumLength,
            let long = list.lastIndex(where: { $0.key.utf8.count + $0.value.utf8.count + 1 > 128 })
        {
            list.remove(at: long)
        }
        while length() > Self.maximumLength { list.removeLast() }
        var state = TraceState()
        state.header = Self.join(list.map { ($0.key[...], $0.value[...]) })
        return state
    }

    private static func join(_ members: [(key: Substring, value: Substring)]) -> String {
        members.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private static func members(of header: String) -> [(key: Substring, value: Substring)]? {
        var list: [(key: Substring, value: Substring)] = []
        for part in header.split(separator: ",") {
            let member = part.trimmingOptionalWhitespace()
            if member.isEmpty { continue }
            guard let equals = member.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let key = member[..<equals]
            let value = member[member.utf8.index(after: equals)...]
            guard isKey(key.utf8), isValue(value.utf8), !list.contains(where: { $0.key == key }) else { return nil }
            list.append((key, value))
            if list.count > maximumMembers { return nil }
        }
        return list
    }

    /// `[a-z0-9][a-z0-9_\-*/@]{0,255}` (section 3.3.1.3.1).
    private static func isKey(_ key: Substring.UTF8View) -> Bool {
        guard let first = key.first, key.count <= 256, isLowerAlphanumeric(first) else { return false }
        return key.allSatisfy { isLowerAlphanumeric($0) || [0x5F, 0x2D, 0x2A, 0x2F, 0x40].contains($0) }
    }

    /// Up to 256 printable ASCII characters but `,` and `=`, not ending in a space (section 3.3.1.3.2).
    private static func isValue(_ value: Substring.UTF8View) -> Bool {
        guard let last = value.last, value.count <= 256, last != 0x20 else { return false }
        return value.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x2C && $0 != 0x3D }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}

extension Substring {
    /// The text without the optional white space (space and tab) of HTTP's lists at either end.
    package func trimmingOptionalWhitespace() -> Substring {
        var text = self
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
        return text
    }
}
