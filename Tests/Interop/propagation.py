"""What Python's propagators for B3 and Jaeger read and write.

  propagation.py FILE    reads a list of JSON, {"format", "headers", "trace", "span", "sampled", "baggage"}, and prints
                         for each what Python reads from the headers, and the headers that it writes of the rest
"""

import json
import sys

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.jaeger import JaegerPropagator

PROPAGATORS = {"b3": B3SingleFormat(), "b3multi": B3MultiFormat(), "jaeger": JaegerPropagator()}


def read(propagator, headers):
    context = propagator.extract(headers, Context())
    span = trace.get_current_span(context).get_span_context()
    return {
        "trace": trace.format_trace_id(span.trace_id),
        "span": trace.format_span_id(span.span_id),
        "sampled": span.trace_flags.sampled,
        "baggage": dict(baggage.get_all(context)),
    }


def written(propagator, case):
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if case["sampled"] else 0)
    span = trace.SpanContext(int(case["trace"], 16), int(case["span"], 16), False, flags)
    context = trace.set_span_in_context(trace.NonRecordingSpan(span), Context())
    for key, value in case["baggage"].items():
        context = baggage.set_baggage(key, value, context)
    headers = {}
    propagator.inject(headers, context)
    return headers


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    answers = []
    for case in cases:
        propagator = PROPAGATORS[case["format"]]
        answers.append({"read": read(propagator, case["headers"]), "written": written(propagator, case)})
    json.dump(answers, sys.stdout)


main()
