/// Attributes in the order in which they were set, each key once.
///
/// A list, not a dictionary: a span has about ten attributes, where a scan beats hashing, costs one allocation, and
/// keeps an order that output can rely on. Two collections are equal when they hold the same values, in any order.
public struct Attributes: Sendable {
    /// One key and its value.
    public struct Element: Hashable, Sendable {
        /// The name.
        public var key: String
        /// The value.
        public var value: AttributeValue

        /// Makes a pair.
        public init(key: String, value: AttributeValue) {
            self.key = key
            self.value = value
        }
    }

    private var elements: [Element]

    /// No attributes.
    public init() {
        elements = []
    }

    /// Takes pairs whose keys are known to differ, without looking; for decoders and the tracer.
    public init(uniqueElements: [Element]) {
        elements = uniqueElements
    }

    /// Takes pairs that a stranger wrote: a key that stands twice keeps its first place and its last value.
    package init(lastOfEach elements: [Element]) {
        if elements.count <= 24, Self.areUnique(elements) {
            self.elements = elements
            return
        }
        var places: [String: Int] = [:]
        self.elements = []
        self.elements.reserveCapacity(elements.count)
        for element in elements {
            if let place = places[element.key] {
                self.elements[place] = element
            } else {
                places[element.key] = self.elements.count
                self.elements.append(element)
            }
        }
    }

    private static func areUnique(_ elements: [Element]) -> Bool {
        for index in elements.indices.dropFirst() {
            for earlier in 0..<index where elements[earlier].key == elements[index].key { return false }
        }
        return true
    }

    /// The value of a key; setting nil removes it.
    public subscript(key: String) -> AttributeValue? {
        get { elements.first { $0.key == key }?.value }
        set {
            let index = elements.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): elements[index].value = value
            case (let index?, nil): elements.remove(at: index)
            case (nil, let value?): elements.append(Element(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Makes room for that many attributes.
    public mutating func reserveCapacity(_ count: Int) {
        elements.reserveCapacity(count)
    }

    /// Adds an attribute whose key is known not to be there yet, without looking.
    public mutating func appendUnique(_ key: String, _ value: AttributeValue) {
        elements.append(Element(key: key, value: value))
    }

    /// Lends the attributes where they lie: for whoever looks at those of a million spans, to whom copying each key and
    /// value out, references counted, would cost more than the looking.
    package func withElements(_ body: (UnsafeBufferPointer<Element>) -> Void) {
        elements.withUnsafeBufferPointer(body)
    }

    /// The attributes in the order of their keys, for output that must not vary.
    public var sortedByKey: [Element] { elements.sorted { $0.key < $1.key } }
}

extension Attributes: RandomAccessCollection {
    /// The position of the attribute that was set first.
    public var startIndex: Int { elements.startIndex }
    /// The position after the last.
    public var endIndex: Int { elements.endIndex }
    /// The attribute at a position; out of bounds is a mistake of the caller and traps.
    public subscript(position: Int) -> Element { elements[position] }
}

extension Attributes: Hashable {
    /// True when both hold the same values, in any order.
    public static func == (left: Attributes, right: Attributes) -> Bool {
        left.elements == right.elements
            || left.count == right.count && left.elements.allSatisfy { right[$0.key] == $0.value }
    }

    /// Hashes keys and values, in any order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for element in elements { sum ^= element.hashValue }
        hasher.combine(sum)
    }
}

extension Attributes: ExpressibleByDictionaryLiteral {
    /// A key that stands twice keeps its last value; no literal traps.
    public init(dictionaryLiteral pairs: (String, AttributeValue)...) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }
}
