public import ThroughlineFlow

/// The ways to show a map.
public enum MapView: String, Hashable, Sendable, CaseIterable {
    /// Mermaid: services, destinations and groups with counts, waits, retries and failures.
    case flowchart
    /// For machines.
    case json

    /// Draws a map. The text ends in a newline.
    ///
    /// - Parameters:
    ///   - map: what to show.
    ///   - destination: shows one destination alone, its producers to the left and its consumers to the right; a
    ///     destination that the map does not have gives an empty chart that says so.
    public func render(_ map: ServiceMap, destination: String? = nil) -> String {
        let shown = destination.map(map.around) ?? map
        return switch self {
        case .flowchart: MapFlowchart.chart(of: shown, destination: destination).text
        case .json: MapJSON.text(of: shown)
        }
    }
}
