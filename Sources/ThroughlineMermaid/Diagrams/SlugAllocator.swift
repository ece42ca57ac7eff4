/// Gives things of a diagram ids that are readable, stable and unique: a prefix for the kind and what is left of the
/// name, such as `t_orders`. Two names that leave the same get a number, in the order in which they were asked for.
struct SlugAllocator {
    private var slugs: [String: String] = [:]
    private var taken: Set<String> = []

    init() {}

    /// The id for a key, the same whenever it is asked for.
    ///
    /// - Parameters:
    ///   - prefix: the kind: one or more letters. It also keeps words that Mermaid reserves, such as `end`, apart.
    ///   - name: what the id is made of.
    ///   - key: what tells things of one kind apart; nil takes the name.
    mutating func id(_ prefix: String, _ name: String, key: String? = nil) -> String {
        let key = "\(prefix)\u{0}\(key ?? name)"
        if let known = slugs[key] { return known }
        let stem = "\(prefix)_\(Self.slug(name))"
        var id = stem
        var number = 2
        while !taken.insert(id).inserted {
            id = "\(stem)_\(number)"
            number += 1
        }
        slugs[key] = id
        return id
    }

    /// Small letters, digits and single underscores, at most 32 of them; `x` when nothing is left.
    private static func slug(_ name: String) -> String {
        var slug = ""
        for scalar in name.lowercased().unicodeScalars {
            if slug.utf8.count == 32 { break }
            if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
                slug.unicodeScalars.append(scalar)
            } else if let last = slug.last, last != "_" {
                slug.append("_")
            }
        }
        if slug.last == "_" { slug.removeLast() }
        return slug.isEmpty ? "x" : slug
    }
}
