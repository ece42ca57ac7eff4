@_exported public import ThroughlineContext

// These four are part of this module's API, so whoever imports the middleware gets them without a second import. The
// module as a whole is not exported: its SpanLink, SpanKind and SpanStatus would clash with those of Tracing.
@_exported public import enum ThroughlineModel.LinkType
@_exported public import enum ThroughlineModel.MessageIntent
@_exported public import enum ThroughlineModel.Settlement
@_exported public import struct ThroughlineModel.Timestamp
