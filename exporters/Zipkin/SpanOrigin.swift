import ThroughlineModel

/// What the spans of one resource and scope have in common, encoded once.
struct SpanOrigin {
    let resource: Resource
    let scope: InstrumentationScope
    /// The name for `localEndpoint`.
    let serviceName: String
    /// Members of `tags`.
    let tags: [UInt8]
    /// Members of the object in the tag ``ZipkinTag/exact``.
    let exact: [UInt8]
    /// The keys of the resource's attributes that are tags.
    private let keys: [String]
    private let hasForeignKeys: Bool

    init(_ resource: Resource, _ scope: InstrumentationScope) {
        self.resource = resource
        self.scope = scope
        var tags = JSONWriter()
        var note = TagNote()
        var keys: [String] = []
        for element in resource.attributes where element.key != ResourceAttribute.serviceName {
            if ZipkinTag.isReserved(element.key) {
                note.leaveOut(element)
            } else {
                keys.append(element.key)
                tags.tag(element.key, element.value)
                note.tagged(element, asExpected: ResourceKey.matches(element.key))
            }
        }
        self.keys = keys
        hasForeignKeys = !note.misplaced.isEmpty
        tags.scope(scope)
        self.tags = tags.bytes

        let name = resource.serviceName
        // The name that OpenTelemetry gives a service without one.
        serviceName = name ?? "unknown_service"
        if name == nil, let value = resource.attributes[ResourceAttribute.serviceName] {
            note.leaveOut(Attributes.Element(key: ResourceAttribute.serviceName, value: value))
        }
        exact = Self.exact(resource, scope, &note, name)
    }

    /// True when the resource has the tag of that key, so that a span's attribute needs another place.
    func hasTag(_ key: String, isResourceKey: Bool) -> Bool {
        (isResourceKey || hasForeignKeys) && keys.contains(key)
    }

    private static func exact(
        _ resource: Resource, _ scope: InstrumentationScope, _ note: inout TagNote, _ name: String?
    ) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        note.write(to: &json)
        if let name {
            if name.hasUppercase || name.isEmpty {
                json.key("name")
                json.string(name)
            }
        } else {
            json.key("nameless")
            json.plain("true", quoted: false)
        }
        json.schema(resource.schemaURL)
        json.endObject()
        var members: [UInt8] = []
        if json.bytes.count > 2 { members += Array("\"resource\":".utf8) + json.bytes }
        if !scope.attributes.isEmpty || scope.schemaURL != nil {
            var json = JSONWriter()
            json.beginObject()
            if !scope.attributes.isEmpty {
                json.key("attributes")
                json.attributes(scope.attributes)
            }
            json.schema(scope.schemaURL)
            json.endObject()
            members += Array((members.isEmpty ? "\"scope\":" : ",\"scope\":").utf8) + json.bytes
        }
        return members
    }
}

/// What is to be said about tags beyond their text.
struct TagNote {
    /// Keys by the type that their text does not show.
    private var types: [TagType: [String]] = [:]
    /// Keys that look like a resource's and are the span's, or the other way round.
    private(set) var misplaced: [String] = []
    /// Attributes that have no tag.
    private var leftOut = Attributes()

    mutating func leaveOut(_ element: Attributes.Element) { leftOut.appendUnique(element.key, element.value) }

    mutating func tagged(_ element: Attributes.Element, asExpected: Bool) {
        if !asExpected { misplaced.append(element.key) }
        let type = TagType(element.value)
        if let known = TagType.known(element.key) {
            guard known != type else { return }
            if case .string(let text) = element.value, known.value(of: text) == nil { return }
        } else if type == .string {
            return
        }
        types[type, default: []].append(element.key)
    }

    mutating func clear() {
        if !types.isEmpty { types.removeAll(keepingCapacity: true) }
        if !misplaced.isEmpty { misplaced.removeAll(keepingCapacity: true) }
        if !leftOut.isEmpty { leftOut = Attributes() }
    }

    func write(to json: inout JSONWriter) {
        if !types.isEmpty {
            json.key("types")
            json.beginObject()
            for type in TagType.allCases {
                guard let keys = types[type] else { continue }
                json.key(text: type.rawValue)
                json.strings(keys)
            }
            json.endObject()
        }
        if !misplaced.isEmpty {
            json.key("own")
            json.strings(misplaced)
        }
        if !leftOut.isEmpty {
            json.key("attributes")
            json.attributes(leftOut)
        }
    }
}

extension JSONWriter {
    /// A tag: text, whatever the attribute is.
    mutating func tag(_ key: String, _ value: AttributeValue) {
        self.key(text: key)
        switch value {
        case .string(let text): string(text)
        case .bool(let flag): plain(flag ? "true" : "false", quoted: true)
        case .int(let number): plain("\(number)", quoted: true)
        case .double(let number): plain("\(number)", quoted: true)
        case .bytes(let bytes): plain(Base64.encode(bytes), quoted: true)
        case .array, .map:
            var text: [UInt8] = []
            AttributeJSON.append(value, to: &text)
            string(String(decoding: text, as: UTF8.self))
        }
    }

    /// The scope under the names of today and those of before OpenTelemetry 1.10, as the specification demands.
    fileprivate mutating func scope(_ scope: InstrumentationScope) {
        if !scope.name.isEmpty {
            tag(ZipkinTag.scopeName, .string(scope.name))
            tag(ZipkinTag.libraryName, .string(scope.name))
        }
        if let version = scope.version {
            tag(ZipkinTag.scopeVersion, .string(version))
            tag(ZipkinTag.libraryVersion, .string(version))
        }
    }

    fileprivate mutating func strings(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }

    fileprivate mutating func attributes(_ attributes: Attributes) {
        var bytes: [UInt8] = []
        AttributeJSON.append(attributes, to: &bytes)
        written(bytes)
    }

    fileprivate mutating func schema(_ url: String?) {
        guard let url else { return }
        key("schemaURL")
        string(url)
    }
}

extension String {
    /// True when Zipkin, which keeps names in lower case, would change it.
    var hasUppercase: Bool {
        utf8.contains { (0x41...0x5A).contains($0) || $0 >= 0x80 } && lowercased() != self
    }
}
