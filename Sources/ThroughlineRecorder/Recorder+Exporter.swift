public import Logging
public import ThroughlineModel
public import ThroughlineOTLP
public import ThroughlineZipkin

extension Recorder {
    /// Where recorded spans are sent.
    public struct Exporter: Sendable {
        /// The name of its cursor in the store: `throughline export` and `throughline doctor` know it by that.
        public let name: String
        private let make: @Sendable (_ environment: [String: String], Logger) -> any SpanExporter

        /// An exporter under a name; a second one of the same name becomes `NAME-2`.
        public init(_ exporter: any SpanExporter, named name: String) {
            self.init(name) { _, _ in exporter }
        }

        private init(_ name: String, _ make: @escaping @Sendable ([String: String], Logger) -> any SpanExporter) {
            self.name = name
            self.make = make
        }

        /// Sends to a collector by OTLP over HTTP.
        ///
        /// - Parameter configuration: Nil takes what OTEL_EXPORTER_OTLP_… say, and `http://localhost:4318` otherwise.
        public static func otlp(
            _ configuration: OTLPExporter.Configuration? = nil, named name: String = "otlp"
        ) -> Exporter {
            Exporter(name) { environment, logger in
                OTLPExporter(configuration ?? OTLPExporter.Configuration(environment: environment, logger: logger))
            }
        }

        /// Sends to a server that understands Zipkin's v2 JSON.
        ///
        /// - Parameter configuration: Nil takes what OTEL_EXPORTER_ZIPKIN_… say, and `http://localhost:9411` otherwise.
        public static func zipkin(_ configuration: ZipkinConfiguration? = nil, named name: String = "zipkin")
            -> Exporter
        {
            Exporter(name) { environment, logger in
                ZipkinExporter(
                    configuration ?? ZipkinConfiguration(environment: environment, logger: logger), logger: logger)
            }
        }

        /// Writes to standard output, OTLP JSON, one line a batch.
        public static var console: Exporter { Exporter(OTLPFileExporter.standardOutput(), named: "console") }

        /// What OTEL_TRACES_EXPORTER names, each once: a list of `otlp`, `zipkin`, `console` and `none` with commas between
        /// (configuration/sdk-environment-variables.md, Exporter Selection).
        ///
        /// - Parameters:
        ///   - environment: The variables; an empty one is as good as none.
        ///   - logger: Is warned of what there is not, which is left out.
        /// - Returns: Nil when the variable is not set.
        public static func selected(by environment: [String: String], logger: Logger) -> [Exporter]? {
            guard let names = EnvironmentReader(environment).list("OTEL_TRACES_EXPORTER") else { return nil }
            return names.compactMap { name in
                switch name {
                case "otlp": return .otlp()
                case "zipkin": return .zipkin()
                case "console": return .console
                case "none": return nil
                default:
                    logger.warning("OTEL_TRACES_EXPORTER names '\(name)', which there is not; it is left out.")
                    return nil
                }
            }
        }

        func exporter(_ environment: [String: String], _ logger: Logger) -> any SpanExporter {
            make(environment, logger)
        }
    }
}
