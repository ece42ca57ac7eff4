/// Attributes as JSON that loses nothing.
///
/// Strings, truth values, whole numbers, finite numbers (always with a point or an exponent, which tells them from
/// whole ones), arrays and maps are plain JSON. What JSON cannot say is an object with one key that begins with `$`:
/// `{"$double":"nan"}` (or `inf`, `-inf`) and `{"$bytes":"<base64>"}`. A map that has one key only, which begins with
/// `$`, is written with one more `$` in front. The outermost object is never read as a tag.
package enum AttributeJSON {
    /// Values nested deeper than this are stored as an empty map, so that reading never needs a deep stack.
    package static let maximumDepth = 128

    package static func append(_ attributes: Attributes, to json: inout [UInt8], depth: Int = 0) {
        json.append(UInt8(ascii: "{"))
        var isFirst = true
        for element in attributes {
            appendMember(element.key, element.value, to: &json, isFirst: &isFirst, depth: depth)
        }
        json.append(UInt8(ascii: "}"))
    }

    package static func appendMember(
        _ key: String, _ value: AttributeValue, to json: inout [UInt8], isFirst: inout Bool, depth: Int = 0
    ) {
        if !isFirst { json.append(UInt8(ascii: ",")) }
        isFirst = false
        json.appendJSON(key)
        json.append(UInt8(ascii: ":"))
        append(value, to: &json, depth: depth + 1)
    }

    package static func append(_ value: AttributeValue, to json: inout [UInt8], depth: Int = 0) {
        switch value {
        case .string(let text): json.appendJSON(text)
        case .bool(let truth): json.append(contentsOf: truth ? "true".utf8 : "false".utf8)
        case .int(let number): json.append(contentsOf: String(number).utf8)
        case .double(let number): append(number, to: &json)
        case .bytes(let bytes):
            json.append(contentsOf: #"{"$bytes":""#.utf8)
            json.append(contentsOf: Base64.encode(bytes).utf8)
            json.append(contentsOf: #""}"#.utf8)
        case .array(let values):
            guard depth < maximumDepth else { return json.append(contentsOf: "{}".utf8) }
            json.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                append(value, to: &json, depth: depth + 1)
            }
            json.append(UInt8(ascii: "]"))
        case .map(let map):
            guard depth < maximumDepth else { return json.append(contentsOf: "{}".utf8) }
            guard map.count == 1, let only = map.first, only.key.utf8.first == UInt8(ascii: "$") else {
                return append(map, to: &json, depth: depth)
            }
            append(Attributes(uniqueElements: [.init(key: "$" + only.key, value: only.value)]), to: &json, depth: depth)
        }
    }

    package static func append(_ number: Double, to json: inout [UInt8]) {
        if number.isFinite {
            json.append(contentsOf: number.description.utf8)
        } else {
            json.append(contentsOf: #"{"$double":""#.utf8)
            json.append(contentsOf: (number.isNaN ? "nan" : number < 0 ? "-inf" : "inf").utf8)
            json.append(contentsOf: #""}"#.utf8)
        }
    }
}
