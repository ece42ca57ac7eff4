import ThroughlineStore

/// Tells a name that was misspelt from one of which nothing fits.
struct KnownNames {
    let reader: TraceReader
    let path: String

    /// What to say of the first of the names that no span has; nil when all are known.
    func unknown(service: String? = nil, destination: String? = nil, messageType: String? = nil) throws -> String? {
        let asked: [(NameKind, String?)] = [
            (.service, service), (.destination, destination), (.messageType, messageType),
        ]
        for (kind, name) in asked {
            guard let name, try !reader.knows(name, as: kind) else { continue }
            let known = try reader.names(of: kind)
            let near = Self.nearest(to: name, among: known)
            let hint =
                if known.isEmpty {
                    "No span names any."
                } else if near.isEmpty {
                    "There are \(Self.list(known))."
                } else {
                    "Did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))?"
                }
            return "No span in \(path) names the \(kind.rawValue) '\(name)'. \(hint)"
        }
        return nil
    }

    private static let listed = 12

    private static func list(_ names: [String]) -> String {
        let rest = names.count - listed
        return names.prefix(listed).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// At most three that differ in few letters, or contain what was asked for.
    static func nearest(to name: String, among known: [String]) -> [String] {
        let wanted = Array(name.lowercased())
        let ranked = known.compactMap { candidate -> (distance: Int, name: String)? in
            let letters = Array(candidate.lowercased())
            let distance = distance(wanted, letters)
            if distance <= max(1, wanted.count / 3) { return (distance, candidate) }
            let isPart = wanted.count >= 3 && candidate.lowercased().contains(name.lowercased())
            return isPart ? (letters.count, candidate) : nil
        }
        return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// How many letters to insert, leave out or change (Levenshtein).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (place, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for column in right.indices {
                let changed = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
