public import Logging
import ThroughlineModel
import ThroughlineOTLP
import ThroughlineZipkin

extension Recorder.Exporter {
    /// The exporters that OTEL_TRACES_EXPORTER names, each as its own variables say: `otlp`, `zipkin`, several with
    /// commas between them, or `none`. Without the variable it is `otlp` (OpenTelemetry,
    /// configuration/sdk-environment-variables.md).
    ///
    /// - Parameters:
    ///   - environment: The variables.
    ///   - logger: Is warned of names that there are not, which are left out.
    public static func named(
        by environment: [String: String], logger: Logger = Logger(label: "throughline")
    ) -> [Recorder.Exporter] {
        let text = environment["OTEL_TRACES_EXPORTER"] ?? ""
        var names: [String] = []
        for part in (text.isEmpty ? "otlp" : text).split(separator: ",") {
            let name = String(part.trimmingOptionalWhitespace())
            if name != "none", !name.isEmpty, !names.contains(name) { names.append(name) }
        }
        return names.compactMap { name in
            switch name {
            case "otlp":
                return Recorder.Exporter(
                    OTLPExporter(OTLPExporter.Configuration(environment: environment, logger: logger)), named: name)
            case "zipkin":
                return Recorder.Exporter(
                    ZipkinExporter(ZipkinConfiguration(environment: environment, logger: logger), logger: logger),
                    named: name)
            default:
                logger.warning("OTEL_TRACES_EXPORTER names '\(name)', which there is not; it is left out.")
                return nil
            }
        }
    }
}
