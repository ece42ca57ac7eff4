public import ThroughlineModel

extension Recorder {
    /// Where recorded spans are sent.
    public struct Exporter: Sendable {
        /// The name of its cursor in the store: `throughline export` and `throughline doctor` know it by that.
        public let name: String
        let exporter: any SpanExporter

        /// An exporter under a name; a second one of the same name becomes `NAME-2`.
        public init(_ exporter: any SpanExporter, named name: String) {
            self.name = name
            self.exporter = exporter
        }
    }
}
