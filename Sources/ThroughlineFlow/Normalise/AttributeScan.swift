import ThroughlineModel

/// The attributes of one span by what they tell, found in a single pass. It looks at them where they lie, and is good
/// only as long as they are lent; see ``ThroughlineModel/Attributes/withElements(_:)``.
struct AttributeScan {
    private let elements: UnsafeBufferPointer<Attributes.Element>
    /// A bit for each field that is there.
    private var present: UInt64 = 0
    /// By field, where its bit is set: the position of the attribute that counts.
    private var positions = Fields<UInt16>(repeating: 0)
    /// By field, where its bit is set: the rank of the name that it was found under.
    private var ranks = Fields<UInt8>(repeating: 0)

    /// - Parameter known: what the keys that came before stand for.
    init(_ elements: UnsafeBufferPointer<Attributes.Element>, _ known: inout TextMemo<AttributeField.Entry?>) {
        self.elements = elements
        for position in elements.indices.prefix(Int(UInt16.max)) {
            guard let entry = known.found(for: elements[position].key, orFind: { AttributeField.byName[$0] }),
                !Self.isEmpty(elements[position].value)
            else { continue }
            let field = Int(entry.field.rawValue)
            guard !has(entry.field) || entry.rank < ranks[field] else { continue }
            present |= 1 << UInt64(field)
            ranks[field] = entry.rank
            positions[field] = UInt16(position)
        }
    }

    /// An empty text says nothing and counts as absent.
    private static func isEmpty(_ value: AttributeValue) -> Bool {
        if case .string(let text) = value { text.isEmpty } else { false }
    }

    @inline(__always)
    func has(_ field: AttributeField) -> Bool { present & 1 << UInt64(field.rawValue) != 0 }

    func value(_ field: AttributeField) -> AttributeValue? {
        has(field) ? elements[Int(positions[Int(field.rawValue)])].value : nil
    }

    /// The name that the value of a field was found under.
    func name(_ field: AttributeField) -> String? {
        has(field) ? elements[Int(positions[Int(field.rawValue)])].key : nil
    }

    /// True when the value of a field was found under the name that is to be believed first.
    func isFirstChoice(_ field: AttributeField) -> Bool { has(field) && ranks[Int(field.rawValue)] == 0 }

    @inline(__always)
    func string(_ field: AttributeField) -> String? { has(field) ? text(field) : nil }

    private func text(_ field: AttributeField) -> String? {
        switch elements[Int(positions[Int(field.rawValue)])].value {
        case .string(let text): text
        case .int(let number): String(number)
        default: nil
        }
    }

    /// Zipkin's tags are all text, numbers too.
    @inline(__always)
    func integer(_ field: AttributeField) -> Int64? { has(field) ? value(field).flatMap(Self.integer) : nil }

    static func integer(_ value: AttributeValue) -> Int64? {
        switch value {
        case .int(let number): number
        case .double(let number): Int64(exactly: number.rounded())
        case .string(let text): Int64(text)
        default: nil
        }
    }

    func isTrue(_ field: AttributeField) -> Bool {
        guard has(field) else { return false }
        return switch value(field) {
        case .bool(let value): value
        case .string(let text): text == "true"
        default: false
        }
    }

    /// A list of texts, also one that was written as JSON or as one text; each once.
    func strings(_ field: AttributeField) -> [String] { value(field).map(Self.strings) ?? [] }

    /// Each text of a list, repetitions included; of one that is a list in memory already, without making another.
    func forEachString(_ field: AttributeField, _ body: (String) -> Void) {
        guard let value = value(field) else { return }
        guard case .array(let values) = value else { return Self.strings(value).forEach(body) }
        for case .string(let text) in values where !text.isEmpty { body(text) }
    }

    static func strings(_ value: AttributeValue) -> [String] {
        let all: [String]
        switch value {
        case .array(let values): all = values.compactMap(\.stringValue)
        case .string(let text) where text.hasPrefix("["): all = elements(ofJSON: text) ?? [text]
        case .string(let text): all = [text]
        default: all = []
        }
        return all.count < 2 && all.first?.isEmpty != true ? all : all.filter { !$0.isEmpty }.uniqued()
    }

    private static func elements(ofJSON text: String) -> [String]? {
        var text = text
        return text.withUTF8 { bytes in
            var reader = JSONReader(UnsafeRawBufferPointer(bytes))
            var found: [String] = []
            do throws(JSONError) {
                try reader.array { reader throws(JSONError) in found.append(try reader.string()) }
            } catch {
                return nil
            }
            return found
        }
    }
}

/// One small value for each field, kept without an allocation.
private struct Fields<Value: BitwiseCopyable> {
    private typealias Eight = (Value, Value, Value, Value, Value, Value, Value, Value)
    private var values: (Eight, Eight, Eight, Eight, Eight, Eight)
    private static var capacity: Int { 48 }

    init(repeating value: Value) {
        precondition(AttributeField.count <= Self.capacity)
        let eight = (value, value, value, value, value, value, value, value)
        values = (eight, eight, eight, eight, eight, eight)
    }

    subscript(field: Int) -> Value {
        @inline(__always) get {
            withUnsafeBytes(of: values) { $0.load(fromByteOffset: field * MemoryLayout<Value>.stride, as: Value.self) }
        }
        @inline(__always) set {
            withUnsafeMutableBytes(of: &values) {
                $0.storeBytes(of: newValue, toByteOffset: field * MemoryLayout<Value>.stride, as: Value.self)
            }
        }
    }
}
