/// What bytes stood for the last time: the same bytes stand for the same.
struct Recall<Value> {
    private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    private var value: Value?
    private var isRepeated = false

    /// The value when the same bytes came the last time; else the caller makes it, and says so with ``keep(_:)``.
    @inline(__always)
    mutating func value(of bytes: UnsafeRawBufferPointer) -> Value? {
        isRepeated = bytes.isSame(as: self.bytes)
        if isRepeated { return value }
        self.bytes = bytes
        if value != nil { value = nil }
        return nil
    }

    /// Keeps the value of the bytes that were asked for last, once they have come twice: most that differs from span to
    /// span will go on to differ.
    @inline(__always)
    mutating func keep(_ value: Value) {
        if isRepeated { self.value = value }
    }
}
