/// Finds the objects of a JSON file without reading them: values behind each other, on lines or not, and the elements of
/// lists, so that a list of any length is read piece by piece.
///
/// A value that is cut off does not swallow what follows: it ends where a line breaks within a text, which JSON forbids, or
/// where a new line begins with `{"` or `[{`.
struct JSONSplitter: RecordSplitter {
    private enum State {
        case outside
        /// In a value that is no object, and so no span.
        case scalar
        case object
        /// In a text of an object.
        case text
    }

    private var state = State.outside
    private var openLists = 0
    /// Objects and arrays that are open within the object at hand, itself included.
    private var depth = 0
    private var isEscaped = false
    private var line = 1
    private var isLineStart = true
    /// The bracket that the line begins with, when it was the last byte.
    private var lineBracket: UInt8?
    private var element = 0
    private var place = RecordPlace()
    /// What earlier pieces of the file had of the object at hand.
    private var carry: [UInt8] = []
    private var isTooLong = false

    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ take: (FileRecord, RecordPlace) -> Void) {
        var start = 0
        var index = 0
        while index < bytes.count {
            switch state {
            case .outside:
                start = index
                begin(bytes[index])
                index += 1
            case .scalar:
                if isScalarEnd(bytes[index]) {
                    breakOff("a span must be an object", take)
                } else {
                    index += 1
                }
            case .text:
                index = text(bytes, index, take)
            case .object:
                let byte = bytes[index]
                if let bracket = lineBracket, byte == (bracket == Byte.openObject ? Byte.quote : Byte.openObject) {
                    restart(with: bracket, take)
                    start = index
                    continue
                }
                index += 1
                if structure(byte) {
                    emit(UnsafeRawBufferPointer(rebasing: bytes[start..<index]), take)
                }
            }
        }
        if state == .object || state == .text { keep(UnsafeRawBufferPointer(rebasing: bytes[start...])) }
    }

    mutating func finish(_ take: (FileRecord, RecordPlace) -> Void) {
        switch state {
        case .outside: break
        case .scalar: breakOff("a span must be an object", take)
        case .object, .text: breakOff("the file ends in the middle of it", take)
        }
        if openLists > 0 {
            place = RecordPlace(line: line)
            breakOff("the file ends before its list does", take)
        }
    }

    private mutating func begin(_ byte: UInt8) {
        switch byte {
        case Byte.newline: line += 1
        case 0x20, 0x09, 0x0D, Byte.comma: break
        case Byte.openList:
            if openLists == 0 { element = 0 }
            openLists += 1
        case Byte.closeList where openLists > 0: openLists -= 1
        default:
            place = RecordPlace(line: line, element: openLists > 0 ? element : nil)
            if openLists > 0 { element += 1 }
            state = byte == Byte.openObject ? .object : .scalar
            depth = 1
            isLineStart = false
            lineBracket = nil
        }
    }

    private func isScalarEnd(_ byte: UInt8) -> Bool {
        byte == Byte.newline || openLists > 0 && (byte == Byte.comma || byte == Byte.closeList)
    }

    /// Goes on to the end of a text; most bytes of a file are in texts.
    private mutating func text(
        _ bytes: UnsafeRawBufferPointer, _ from: Int, _ take: (FileRecord, RecordPlace) -> Void
    ) -> Int {
        var index = from
        while index < bytes.count {
            let byte = bytes[index]
            if isEscaped {
                isEscaped = false
            } else if byte == Byte.quote {
                state = .object
                return index + 1
            } else if byte == Byte.backslash {
                isEscaped = true
            } else if byte == Byte.newline {
                breakOff("a text does not end on its line", take)
                return index
            }
            index += 1
        }
        return index
    }

    /// Takes a byte of an object that is in no text; true when it is the last.
    private mutating func structure(_ byte: UInt8) -> Bool {
        lineBracket = nil
        switch byte {
        case Byte.quote: state = .text
        case Byte.openObject, Byte.openList:
            depth += 1
            if isLineStart { lineBracket = byte }
        case Byte.closeObject, Byte.closeList: depth -= 1
        case Byte.newline:
            line += 1
            isLineStart = true
            return false
        default: break
        }
        isLineStart = false
        return depth == 0
    }

    /// The object at hand was cut off, and a line before the next byte began with the bracket of another value.
    private mutating func restart(with bracket: UInt8, _ take: (FileRecord, RecordPlace) -> Void) {
        breakOff("it is cut off", take)
        if bracket == Byte.openList { openLists = 0 }
        begin(bracket)
        if bracket == Byte.openObject { carry = [bracket] }
    }

    private mutating func emit(_ last: UnsafeRawBufferPointer, _ take: (FileRecord, RecordPlace) -> Void) {
        if isTooLong || carry.count + last.count > FileRecord.maximumBytes {
            return breakOff(FileRecord.tooLong, take)
        }
        state = .outside
        if carry.isEmpty { return take(.json(last), place) }
        carry.append(contentsOf: last)
        carry.withUnsafeBytes { take(.json($0), place) }
        carry.removeAll(keepingCapacity: carry.count < 1 << 20)
    }

    private mutating func keep(_ piece: UnsafeRawBufferPointer) {
        if isTooLong { return }
        if carry.count + piece.count > FileRecord.maximumBytes {
            isTooLong = true
            carry = []
        } else {
            carry.append(contentsOf: piece)
        }
    }

    private mutating func breakOff(_ reason: String, _ take: (FileRecord, RecordPlace) -> Void) {
        take(.broken(reason), place)
        state = .outside
        isEscaped = false
        lineBracket = nil
        isTooLong = false
        carry.removeAll()
    }

    private enum Byte {
        static let newline = UInt8(ascii: "\n")
        static let comma = UInt8(ascii: ",")
        static let quote = UInt8(ascii: "\"")
        static let backslash = UInt8(ascii: "\\")
        static let openObject = UInt8(ascii: "{")
        static let closeObject = UInt8(ascii: "}")
        static let openList = UInt8(ascii: "[")
        static let closeList = UInt8(ascii: "]")
    }
}
