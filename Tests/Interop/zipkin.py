"""What Python's Zipkin exporter makes of spans.

  zipkin.py OTLP ZIPKIN    reads an OTLP request, protobuf, and writes its spans as the exporter encodes them
"""

import json
import sys

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.zipkin.json.v2 import JsonV2Encoder
from opentelemetry.exporter.zipkin.node_endpoint import NodeEndpoint
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

KINDS = [SpanKind.INTERNAL, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]
STATUSES = [StatusCode.UNSET, StatusCode.OK, StatusCode.ERROR]


def value(v):
    kind = v.WhichOneof("value")
    if kind == "array_value":
        return [value(x) for x in v.array_value.values]
    return getattr(v, kind)


def attributes(pairs, dropped=0):
    result = BoundedAttributes(attributes={p.key: value(p.value) for p in pairs})
    result.dropped = dropped
    return result


def bounded(items, dropped):
    result = BoundedList.from_seq(max(1, len(items)), items)
    result.dropped = dropped
    return result


def number(raw):
    return int.from_bytes(raw, "big")


def context(span, span_id):
    return SpanContext(number(span.trace_id), number(span_id), False, TraceFlags(span.flags & 0xFF))


def readable(resource, scope, span):
    status = Status(STATUSES[span.status.code], span.status.message or None)
    events = [Event(e.name, attributes(e.attributes), e.time_unix_nano) for e in span.events]
    return ReadableSpan(
        name=span.name,
        context=context(span, span.span_id),
        parent=context(span, span.parent_span_id) if span.parent_span_id else None,
        resource=Resource({p.key: value(p.value) for p in resource.resource.attributes}),
        attributes=attributes(span.attributes, span.dropped_attributes_count),
        events=bounded(events, span.dropped_events_count),
        links=bounded([], span.dropped_links_count),
        kind=KINDS[span.kind],
        status=status,
        start_time=span.start_time_unix_nano,
        end_time=span.end_time_unix_nano,
        instrumentation_scope=InstrumentationScope(scope.scope.name, scope.scope.version or None),
    )


def main():
    request = ExportTraceServiceRequest()
    with open(sys.argv[1], "rb") as file:
        request.ParseFromString(file.read())
    encoder = JsonV2Encoder(max_tag_value_length=0)
    result = []
    for resource in request.resource_spans:
        endpoint = NodeEndpoint()
        names = [p.value.string_value for p in resource.resource.attributes if p.key == "service.name"]
        endpoint.service_name = names[0] if names else "unknown_service"
        for scope in resource.scope_spans:
            spans = [readable(resource, scope, span) for span in scope.spans]
            result += json.loads(encoder.serialize(spans, endpoint))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(result, file)


main()
