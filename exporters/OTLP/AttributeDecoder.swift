import ThroughlineModel

/// Reads attributes, and remembers them: spans that stand beside each other have mostly the same keys in the same order,
/// and many of the same values.
struct AttributeDecoder: ~Copyable {
    private var keys = KeyTable()
    private var lists = 0
    private var usualCount = 0

    /// The attributes of one span, while they are read.
    struct List {
        fileprivate let number: Int
        fileprivate var elements: [Attributes.Element] = []
        /// The key that was read last.
        fileprivate var last: KeyTable.EntryPointer?
        /// False when a key may stand twice.
        fileprivate var isUnique = true
    }

    @inline(__always)
    mutating func list() -> List {
        lists &+= 1
        return List(number: lists)
    }

    /// Reads one more attribute of a span.
    @inline(__always)
    mutating func append(_ message: ProtobufReader, to list: inout List) throws(OTLPError) {
        guard let (key, message) = try Self.parts(of: message) else { return }
        if list.elements.isEmpty { list.elements.reserveCapacity(usualCount) }
        guard let entry = keys.entry(of: key, behind: list.last) else {
            list.isUnique = false
            guard let value = try self.value(message, depth: 0) else { return }
            return list.elements.append(Attributes.Element(key: String(decoding: key, as: UTF8.self), value: value))
        }
        list.last = entry
        if entry.pointee.list == list.number { list.isUnique = false }
        entry.pointee.list = list.number
        if let value = entry.pointee.value.value(of: message.rest) {
            list.elements.append(Attributes.Element(key: entry.pointee.key, value: value))
        } else if let value = try self.value(message, depth: 0) {
            entry.pointee.value.keep(value)
            list.elements.append(Attributes.Element(key: entry.pointee.key, value: value))
        }
    }

    /// What the attributes are when all are read.
    @inline(__always)
    mutating func finish(_ list: consuming List) -> Attributes {
        usualCount = min(list.elements.count, 32)
        return list.isUnique
            ? Attributes(uniqueElements: list.elements) : Attributes(lastOfEach: list.elements)
    }

    /// Reads one more attribute of anything else.
    mutating func append(
        _ message: ProtobufReader, to elements: inout [Attributes.Element], depth: Int = 0
    ) throws(OTLPError) {
        guard let (key, value) = try Self.parts(of: message), let value = try self.value(value, depth: depth) else {
            return
        }
        let known = keys.entry(of: key)?.pointee.key
        elements.append(Attributes.Element(key: known ?? String(decoding: key, as: UTF8.self), value: value))
    }

    /// The fields of a `KeyValue`; nil without a value, which says nothing.
    @inline(__always)
    private static func parts(
        of message: ProtobufReader
    ) throws(OTLPError) -> (key: UnsafeRawBufferPointer, value: ProtobufReader)? {
        // The order in which everybody writes them.
        var reader = message
        if reader.take(0x0A) {
            let key = try reader.slice()
            if reader.take(0x12) {
                let value = try reader.message()
                if reader.isAtEnd { return (key, value) }
            }
        }
        return try partsInAnyOrder(of: message)
    }

    private static func partsInAnyOrder(
        of message: ProtobufReader
    ) throws(OTLPError) -> (key: UnsafeRawBufferPointer, value: ProtobufReader)? {
        var key = UnsafeRawBufferPointer(start: nil, count: 0)
        var value: ProtobufReader?
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A: key = try reader.slice()
            case 0x12: value = try reader.message()
            default: try reader.skip(tag)
            }
        }
        return value.map { (key, $0) }
    }

    /// The content of an `AnyValue`; nil when it is empty, or of a kind that is not known yet.
    private mutating func value(_ message: ProtobufReader, depth: Int) throws(OTLPError) -> AttributeValue? {
        guard depth < maximumValueDepth else { throw message.error("values are nested too deep") }
        var value: AttributeValue?
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag {
            case 0x0A: value = .string(try reader.text())
            case 0x10: value = .bool(try reader.varint() != 0)
            case 0x18: value = .int(Int64(bitPattern: try reader.varint()))
            case 0x21: value = .double(Double(bitPattern: try reader.fixed64()))
            case 0x2A: value = .array(try array(try reader.message(), depth: depth + 1))
            case 0x32: value = .map(try map(try reader.message(), depth: depth + 1))
            case 0x3A: value = .bytes(Array(try reader.slice()))
            default: try reader.skip(tag)
            }
        }
        return value
    }

    private mutating func array(_ message: ProtobufReader, depth: Int) throws(OTLPError) -> [AttributeValue] {
        var values: [AttributeValue] = []
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            // An empty element keeps its place.
            if tag == 0x0A {
                values.append(try value(try reader.message(), depth: depth) ?? .string(""))
            } else {
                try reader.skip(tag)
            }
        }
        return values
    }

    private mutating func map(_ message: ProtobufReader, depth: Int) throws(OTLPError) -> Attributes {
        var elements: [Attributes.Element] = []
        var reader = message
        while !reader.isAtEnd {
            let tag = try reader.varint()
            if tag == 0x0A {
                try append(try reader.message(), to: &elements, depth: depth)
            } else {
                try reader.skip(tag)
            }
        }
        return Attributes(lastOfEach: elements)
    }
}
