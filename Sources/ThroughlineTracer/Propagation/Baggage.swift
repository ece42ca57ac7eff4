import ThroughlineModel

/// Values that an application sends along with a flow (W3C Baggage): a tenant, a region, an experiment.
///
/// Everybody who handles a message can read it, so it is no place for secrets.
public struct Baggage: Hashable, Sendable {
    /// The number of members that is always passed on, and the most that is written.
    public static let maximumMembers = 64
    /// The length in bytes that is always passed on, and the most that is written.
    public static let maximumLength = 8192

    /// One value, with the properties that came with it.
    public struct Member: Hashable, Sendable {
        /// The name, a token.
        public let key: String
        /// The value, decoded.
        public let value: String
        /// What stands after the value, as it arrived: `ttl=60` or a bare word each.
        public let properties: [String]

        /// Makes a member; keys are tokens as HTTP has them (RFC 7230, section 3.2.6).
        public init(key: String, value: String, properties: [String] = []) {
            self.key = key
            self.value = value
            self.properties = properties
        }
    }

    /// The members in order; the specification allows a key to stand more than once.
    public private(set) var members: [Member]

    /// No members.
    public init() {
        members = []
    }

    /// Takes members; those whose key is no token are left out.
    public init(_ members: [Member]) {
        self.members = members.filter { Self.isToken($0.key) }
    }

    /// True when there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The value of a key, the last one where it stands more than once. Setting replaces all of them; nil removes
    /// them; a key that is no token is left out.
    public subscript(key: String) -> String? {
        get { members.last { $0.key == key }?.value }
        set {
            members.removeAll { $0.key == key }
            if let newValue, Self.isToken(key) { members.append(Member(key: key, value: newValue)) }
        }
    }

    /// Reads a `baggage` header. Members that the grammar forbids are left out, the others kept; members beyond the
    /// limits are left out whole (section 3.3.2).
    public init(header: String) {
        members = []
        guard header.utf8.count <= Self.maximumLength * 4 else { return }
        for part in header.split(separator: ",") {
            guard members.count < Self.maximumMembers else { break }
            if let member = Self.member(part) { members.append(member) }
        }
    }

    /// The header, within the limits and with whole members only; nil when nothing is left to write.
    public var header: String? {
        var text = ""
        for member in members.prefix(Self.maximumMembers) {
            var part = member.key + "=" + PercentEncoding.encode(member.value)
            for property in member.properties { part += ";" + property }
            if text.utf8.count + part.utf8.count + 1 > Self.maximumLength { continue }
            if !text.isEmpty { text += "," }
            text += part
        }
        return text.isEmpty ? nil : text
    }

    private static func member(_ part: Substring) -> Member? {
        var pieces = part.split(separator: ";", omittingEmptySubsequences: false)[...]
        guard let first = pieces.popFirst(), let equals = first.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return nil
        }
        let key = first[..<equals].trimmingOptionalWhitespace()
        let value = first[first.utf8.index(after: equals)...].trimmingOptionalWhitespace()
        guard isToken(key), value.utf8.allSatisfy(PercentEncoding.isPlain) else { return nil }
        let properties = pieces.map { $0.trimmingOptionalWhitespace() }
        guard properties.allSatisfy(isProperty) else { return nil }
        return Member(key: String(key), value: PercentEncoding.decode(value), properties: properties.map(String.init))
    }

    private static func isProperty(_ property: Substring) -> Bool {
        let pieces = property.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = pieces.first?.trimmingOptionalWhitespace(), isToken(key) else { return false }
        return pieces.count == 1 || pieces[1].trimmingOptionalWhitespace().utf8.allSatisfy(PercentEncoding.isPlain)
    }

    private static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }
}
