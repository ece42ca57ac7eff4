"""A shop on OpenTelemetry's Python SDK: three orders are sent one by one and billed in one batch, which links to them.

  sender.py otlp-gzip|otlp|zipkin URL    exports to the URL and prints what it sent, a line of JSON a span
"""

import json
import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

way, url = sys.argv[1:]
memory = InMemorySpanExporter()
providers = []


def tracer(service):
    provider = TracerProvider(resource=Resource({"service.name": service}))
    if way == "zipkin":
        exporter = ZipkinExporter(endpoint=url)
    else:
        compression = Compression.Gzip if way == "otlp-gzip" else Compression.NoCompression
        exporter = OTLPSpanExporter(endpoint=url, compression=compression)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    providers.append(provider)
    return provider.get_tracer(service, "1.0")


def messaging(operation, destination, **more):
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": destination,
        **{key.replace("_", "."): value for key, value in more.items()},
    }


shop, billing, shipping = tracer("shop"), tracer("billing"), tracer("shipping")
contexts = []
for number in range(3):
    with shop.start_as_current_span("POST /orders", kind=SpanKind.SERVER, attributes={"order.id": number}):
        name = f"order-{number}"
        more = {"messaging_message_id": name}
        with shop.start_as_current_span(
            "send orders", kind=SpanKind.PRODUCER, attributes=messaging("send", "orders", **more)
        ) as span:
            span.add_event("queued", {"partition": 3, "exact": 0.5})
            contexts.append((name, span.get_span_context()))

links = [Link(context, {"messaging.message.id": name}) for name, context in contexts]
with billing.start_as_current_span(
    "process orders", kind=SpanKind.CONSUMER, links=links,
    attributes={**messaging("process", "orders"), "messaging.batch.message_count": 3, "list": ["a", "b"]},
) as batch:
    batch.set_status(Status(StatusCode.ERROR, "one card was declined"))
    with billing.start_as_current_span(
        "send payments", kind=SpanKind.PRODUCER, attributes=messaging("send", "payments", messaging_message_id="pay-1")
    ) as payment:
        pass

with shipping.start_as_current_span(
    "process payments", kind=SpanKind.CONSUMER, links=[Link(payment.get_span_context())],
    attributes=messaging("process", "payments", messaging_message_id="pay-1"),
):
    pass

for provider in providers:
    provider.shutdown()

for span in memory.get_finished_spans():
    print(
        json.dumps(
            {
                "trace": f"{span.context.trace_id:032x}",
                "span": f"{span.context.span_id:016x}",
                "parent": f"{span.parent.span_id:016x}" if span.parent else None,
                "name": span.name,
                "kind": span.kind.value + 1,
                "start": span.start_time,
                "end": span.end_time,
                "service": span.resource.attributes["service.name"],
                "scope": span.instrumentation_scope.name,
                "status": span.status.status_code.value,
                "message": span.status.description,
                "attributes": {k: list(v) if isinstance(v, tuple) else v for k, v in span.attributes.items()},
                "events": [[e.name, e.timestamp, dict(e.attributes)] for e in span.events],
                "links": [
                    [f"{x.context.trace_id:032x}", f"{x.context.span_id:016x}", dict(x.attributes)] for x in span.links
                ],
            }
        )
    )
