"""What Python's opentelemetry-proto makes of OTLP bytes.

  otlp.py read FILE    prints each span of a request as a line of JSON, in a form that the Swift test makes as well
  otlp.py write FILE   reads a request and writes it again, so that Swift can read what Python wrote
"""

import json
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def value(v):
    kind = v.WhichOneof("value")
    if kind == "array_value":
        return ["array", [value(x) for x in v.array_value.values]]
    if kind == "kvlist_value":
        return ["map", attributes(v.kvlist_value.values)]
    if kind == "bytes_value":
        return ["bytes", v.bytes_value.hex()]
    if kind == "int_value":
        return ["int", str(v.int_value)]
    if kind == "double_value":
        return ["double", v.double_value.hex()]
    if kind == "bool_value":
        return ["bool", v.bool_value]
    return ["string", v.string_value]


def attributes(pairs):
    return [[p.key, value(p.value)] for p in pairs]


def line(resource, scope, span):
    return {
        "resource": [attributes(resource.resource.attributes), resource.schema_url],
        "scope": [scope.scope.name, scope.scope.version, attributes(scope.scope.attributes), scope.schema_url],
        "ids": [span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.trace_state, span.flags],
        "name": span.name,
        "kind": span.kind,
        "times": [str(span.start_time_unix_nano), str(span.end_time_unix_nano)],
        "attributes": attributes(span.attributes),
        "events": [[e.name, str(e.time_unix_nano), attributes(e.attributes), e.dropped_attributes_count] for e in span.events],
        "links": [[k.trace_id.hex(), k.span_id.hex(), k.trace_state, k.flags, attributes(k.attributes),
                   k.dropped_attributes_count] for k in span.links],
        "status": [span.status.code, span.status.message],
        "dropped": [span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count],
    }


def main():
    mode, path = sys.argv[1], sys.argv[2]
    request = ExportTraceServiceRequest()
    with open(path, "rb") as file:
        request.ParseFromString(file.read())
    if mode == "write":
        with open(path, "wb") as file:
            file.write(request.SerializeToString())
        return
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                print(json.dumps(line(resource, scope, span), ensure_ascii=False, sort_keys=True, separators=(",", ":")))


main()
