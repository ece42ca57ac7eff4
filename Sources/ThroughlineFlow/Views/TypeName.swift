/// Names of types as people say them.
package enum TypeName {
    /// The last part of a qualified name, such as `TemplateError` of `Mail.TemplateError` or `java.io.IOException`;
    /// text that is no name stays as it is.
    package static func short(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), !name.contains(" "), name.last != "." else { return name }
        return String(name[name.index(after: dot)...])
    }
}
