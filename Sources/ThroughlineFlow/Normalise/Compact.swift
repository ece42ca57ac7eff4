import ThroughlineModel

/// A value or none in the room of a value: the rows of a million spans are written and read as a whole, and the less
/// they weigh the less time that takes.
@propertyWrapper
struct Compact<Value: Packable>: Sendable {
    private var packed: Value.Packed

    init(wrappedValue: Value?) {
        packed = wrappedValue?.packed ?? Value.none
    }

    var wrappedValue: Value? {
        get { packed == Value.none ? nil : Value(packed: packed) }
        set { packed = newValue?.packed ?? Value.none }
    }
}

/// The number or the place of something in memory, in half the room.
@propertyWrapper
struct Narrow: Sendable {
    private var stored: Int32

    init(wrappedValue: Int) {
        stored = Int32(truncatingIfNeeded: wrappedValue)
    }

    var wrappedValue: Int {
        get { Int(stored) }
        set { stored = Int32(truncatingIfNeeded: newValue) }
    }
}

/// What has a number to spare that can stand for none.
protocol Packable: Sendable {
    associatedtype Packed: FixedWidthInteger & Sendable
    static var none: Packed { get }
    var packed: Packed { get }
    init(packed: Packed)
}

/// A count or a place; what does not fit becomes the nearest that does.
extension Int: Packable {
    static var none: Int32 { .max }
    var packed: Int32 { Swift.min(Int32(clamping: self), .max - 1) }
    init(packed: Int32) { self.init(packed) }
}

/// Nanoseconds; none take 584 years.
extension UInt64: Packable {
    static var none: UInt64 { .max }
    var packed: UInt64 { self }
    init(packed: UInt64) { self = packed }
}

extension Timestamp: Packable {
    static var none: UInt64 { .max }
    var packed: UInt64 { nanosecondsSinceEpoch }
    init(packed: UInt64) { self.init(nanosecondsSinceEpoch: packed) }
}

/// The invalid id stands for none (W3C Trace Context §3.2.2.4).
extension SpanID: Packable {
    static var none: UInt64 { 0 }
    var packed: UInt64 { rawValue }
    init(packed: UInt64) { self.init(packed) }
}
