internal import ThroughlineModel

/// The names of tags that stand for something other than an attribute. docs/zipkin.md is the table for people.
enum ZipkinTag {
    // OpenTelemetry's mapping to Zipkin (specification/trace/sdk_exporters/zipkin.md).
    static let statusCode = "otel.status_code"
    static let error = "error"
    // OpenTelemetry's mapping to formats other than OTLP (specification/common/mapping-to-non-otlp.md).
    static let scopeName = "otel.scope.name"
    static let scopeVersion = "otel.scope.version"
    static let libraryName = "otel.library.name"
    static let libraryVersion = "otel.library.version"
    static let statusDescription = "otel.status_description"
    static let droppedAttributes = "otel.dropped_attributes_count"
    static let droppedEvents = "otel.dropped_events_count"
    static let droppedLinks = "otel.dropped_links_count"
    // As the OpenTelemetry Collector writes and reads them.
    static let traceState = "w3c.tracestate"
    static let link = "otlp.link."
    // Throughline's own: what is left.
    static let exact = "throughline.exact"

    /// True for a tag that is read as something other than an attribute, so that an attribute of that name needs another
    /// place.
    static func isReserved(_ key: String) -> Bool {
        switch key.utf8.first {
        case UInt8(ascii: "o"):
            switch key {
            case statusCode, scopeName, scopeVersion, libraryName, libraryVersion, statusDescription, droppedAttributes,
                droppedEvents, droppedLinks:
                true
            default: key.utf8.starts(with: link.utf8)
            }
        case UInt8(ascii: "e"): key == error
        case UInt8(ascii: "w"): key == traceState
        case UInt8(ascii: "t"): key == exact
        case UInt8(ascii: "s"): key == "service.name"
        default: false
        }
    }
}

/// Attributes that ``Zipkin/decode(_:)`` makes of fields that OpenTelemetry has no other word for.
public enum ZipkinAttribute {
    /// Boolean: the span was sampled because somebody asked for it (B3's debug flag).
    public static let debug = "zipkin.debug"
    /// Boolean: the span had the id of its parent, the client's side of the same call.
    public static let shared = SharedSpan.attribute
    /// String, hexadecimal: what a span that has the id of its caller's side named as its parent, when the caller's side
    /// did not come with it.
    public static let parentID = SharedSpan.parentAttribute
    /// Boolean: the span came without a time, and has that of another span of its trace.
    public static let timeInferred = "zipkin.time_inferred"
}
