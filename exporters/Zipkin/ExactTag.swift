import ThroughlineModel

/// What the tag `throughline.exact` says: everything that Zipkin's fields and texts do not show. Anybody may have written
/// it, so each part is taken only when it has the right form.
struct ExactTag {
    private let object: Attributes
    /// False for a span that has no such tag.
    let isOurs: Bool
    /// What it says about the tags of the span, and of the resource.
    let span: Place
    let resource: Place

    /// What is said about tags beyond their text.
    struct Place {
        private let types: [String: TagType]
        private let own: Set<String>
        /// Attributes that have no tag.
        let attributes: Attributes

        init(_ object: Attributes) {
            var types: [String: TagType] = [:]
            for element in object["types"]?.map ?? [:] {
                guard let type = TagType(rawValue: element.key) else { continue }
                for key in element.value.stringArrayValue ?? [] { types[key] = type }
            }
            self.types = types
            own = Set(object["own"]?.stringArrayValue ?? [])
            attributes = object["attributes"]?.map ?? [:]
        }

        func owns(_ key: String) -> Bool { !own.isEmpty && own.contains(key) }

        /// The value of a tag; the text when it is no text of the type that is said.
        func value(_ key: String, _ text: String) -> AttributeValue {
            let type = types.isEmpty ? nil : types[key]
            return (type ?? TagType.known(key))?.value(of: text) ?? .string(text)
        }
    }

    /// Nil for what is no JSON object.
    init?(_ text: String) {
        var text = text
        guard let object = text.withUTF8(AttributeJSONParser.attributes) else { return nil }
        self.object = object
        isOurs = true
        span = Place(object)
        resource = Place(object["resource"]?.map ?? [:])
    }

    /// For a span that has no such tag.
    init() {
        object = [:]
        isOurs = false
        span = Place([:])
        resource = Place([:])
    }

    var flags: TraceFlags {
        object["flags"]?.intValue.map { TraceFlags(rawValue: UInt8(truncatingIfNeeded: $0)) } ?? .sampled
    }
    var parentIsRemote: Bool { object["remote"]?.boolValue == true }
    var isUnspecified: Bool { object["unspecified"]?.boolValue == true }
    var name: String? { object["name"]?.stringValue }
    /// Nanoseconds of the start below a microsecond.
    var start: UInt64 { UInt64(object["start"]?.intValue.map { (0..<1_000).contains($0) ? $0 : 0 } ?? 0) }
    /// Nanoseconds, when they are no whole microseconds; negative for a span that ends before it begins.
    var duration: Int64? { object["duration"]?.intValue }
    var resourceSchema: String? { object["resource"]?.map?["schemaURL"]?.stringValue }
    var serviceName: String? { object["resource"]?.map?["name"]?.stringValue }
    var isNameless: Bool { object["resource"]?.map?["nameless"]?.boolValue == true }
    var scopeAttributes: Attributes { object["scope"]?.map?["attributes"]?.map ?? [:] }
    var scopeSchema: String? { object["scope"]?.map?["schemaURL"]?.stringValue }

    /// Gives events and links what their texts do not show, by their place.
    func complete(_ events: inout [SpanEvent], _ links: inout [SpanLink]) {
        for (index, note) in (object["events"]?.numbers ?? []).enumerated() where index < events.count {
            events[index].time = events[index].time.advanced(byNanoseconds: note % 1_000)
            events[index].droppedAttributes = max(events[index].droppedAttributes, Int(note / 1_000))
        }
        for (index, note) in (object["links"]?.numbers ?? []).enumerated() where index < links.count {
            links[index].context.flags = TraceFlags(rawValue: UInt8(truncatingIfNeeded: note))
            links[index].context.isRemote = note & 0x100 != 0
        }
    }
}

extension AttributeValue {
    fileprivate var map: Attributes? {
        if case .map(let map) = self { map } else { nil }
    }

    /// Whole numbers from 0 to 2⁴⁸; other elements count as 0.
    fileprivate var numbers: [UInt64]? {
        guard case .array(let values) = self else { return nil }
        return values.map { value in
            value.intValue.map { (0..<(1 << 48)).contains($0) ? UInt64($0) : 0 } ?? 0
        }
    }
}
