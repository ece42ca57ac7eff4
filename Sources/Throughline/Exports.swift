// Settlement, MessageIntent, LinkType and Timestamp are part of this module's API. Whoever imports the middleware gets
// them without a second import, as `import Tracing` gives `Instrumentation`.
@_exported public import ThroughlineModel
