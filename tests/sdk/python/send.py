"""Sends spans with the Python SDK: send.py PROTOCOL ENDPOINT COMPRESSION OUT.

Every exported span is also written to OUT, one JSON object a line, in the normal form of normal.py, made from
the SDK's own span objects. Ends with an error when an export did not succeed.
"""

import json
import struct
import sys
from collections.abc import Mapping, Sequence

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

KINDS = {
    SpanKind.INTERNAL: 1,
    SpanKind.SERVER: 2,
    SpanKind.CLIENT: 3,
    SpanKind.PRODUCER: 4,
    SpanKind.CONSUMER: 5,
}


class Tee(SpanExporter):
    """Notes what passes on its way to the real exporter."""

    def __init__(self, exporter, out):
        self._exporter = exporter
        self._out = out
        self.failed = 0

    def export(self, spans):
        for span in spans:
            self._out.write(json.dumps(normal(span)) + "\n")
        result = self._exporter.export(spans)
        self.failed += result is not SpanExportResult.SUCCESS
        return result

    def shutdown(self):
        self._exporter.shutdown()


def exporter(protocol, endpoint, compression):
    if protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        codec = Compression.Gzip if compression == "gzip" else Compression.NoCompression
        return OTLPSpanExporter(endpoint=endpoint, insecure=True, compression=codec)

    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    codec = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", compression=codec)


def record(tracer, index):
    """One span, its content derived from the index."""
    remote = SpanContext(
        trace_id=0xA0000000000000000000000000000000 + index,
        span_id=0xB000000000000000 + index,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState([("vendor", f"value-{index}"), ("other", "1")]),
    )
    parent = trace.set_span_in_context(NonRecordingSpan(remote)) if index % 3 == 0 else None
    start = 1_700_000_000_000_000_000 + index * 1_000_003
    span = tracer.start_span(
        f"operation {index} żółć 🦀" if index % 5 else "",
        context=parent,
        kind=list(KINDS)[index % len(KINDS)],
        start_time=start,
        links=[Link(remote, {"link.index": index})] * (index % 3),
        attributes={
            "text": f"value {index}",
            "text.empty": "",
            "text.unicode": "日本語 \U0001f980 \u0000 \"\\\n",
            "bool": index % 2 == 0,
            "int.max": 2**63 - 1,
            "int.min": -(2**63),
            "int.zero": 0,
            "double": index / 7,
            "double.negative_zero": -0.0,
            "double.nan": float("nan"),
            "double.infinity": float("-inf"),
            "double.tiny": 5e-324,
            "array.text": ["a", "", "ü"],
            "array.bool": [True, False],
            "array.int": [-1, 0, 2**62],
            "array.double": [0.1, 1e300],
            "array.empty": [],
        },
    )
    for number in range(index % 4):
        span.add_event(f"event {number}", {"number": number, "nested": ["x"]}, timestamp=start + number)
    if index % 50 == 7:
        span.record_exception(ValueError("boom"), timestamp=start + 9)
        span.set_attribute("text.long", "long " * 2000)
    if index % 50 == 8:
        span.set_attributes({f"many.{number}": number for number in range(150)})
    span.set_status([Status(StatusCode.UNSET), Status(StatusCode.OK), Status(StatusCode.ERROR, "went wrong")][index % 3])
    span.end(start + index)


def normal(span):
    context = span.get_span_context()
    return {
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "parent_span_id": f"{span.parent.span_id:016x}" if span.parent else "",
        "trace_state": ",".join(f"{key}={value}" for key, value in context.trace_state.items()),
        "flags": flags(span.parent),
        "name": span.name,
        "kind": KINDS[span.kind],
        "start": str(span.start_time),
        "end": str(span.end_time),
        "attributes": attributes(span.attributes),
        "dropped_attributes": span.dropped_attributes,
        "events": [
            {
                "name": event.name,
                "time": str(event.timestamp),
                "attributes": attributes(event.attributes),
                "dropped_attributes": event.dropped_attributes,
            }
            for event in span.events
        ],
        "dropped_events": span.dropped_events,
        "links": [
            {
                "trace_id": f"{link.context.trace_id:032x}",
                "span_id": f"{link.context.span_id:016x}",
                "trace_state": "",  # this SDK's exporter leaves it out
                "flags": flags(link.context),
                "attributes": attributes(link.attributes),
                "dropped_attributes": link.dropped_attributes,
            }
            for link in span.links
        ],
        "dropped_links": span.dropped_links,
        "status": [span.status.status_code.value, span.status.description or ""],
        "resource": {
            "attributes": attributes(span.resource.attributes),
            "schema_url": span.resource.schema_url,
        },
        "scope": {
            "name": span.instrumentation_scope.name,
            "version": span.instrumentation_scope.version,
            "attributes": attributes(span.instrumentation_scope.attributes),
            "schema_url": span.instrumentation_scope.schema_url,
        },
    }


def flags(parent):
    """This SDK's exporter tells whether the parent is remote, and not the W3C flags."""
    return 0x300 if parent and parent.is_remote else 0x100


def attributes(mapping):
    return {key: value(content) for key, content in (mapping or {}).items()}


def value(content):
    match content:
        case None:
            return ["empty"]
        case str():
            return ["string", content]
        case bool():
            return ["bool", content]
        case int():
            return ["int", str(content)]
        case float():
            return ["double", struct.pack(">d", content).hex()]
        case bytes():
            return ["bytes", content.hex()]
        case Mapping():
            return ["map", attributes(content)]
        case Sequence():
            return ["array", [value(each) for each in content]]
    raise TypeError(f"no normal form for {type(content)}")


def send(tee, service, spans, batch):
    """Exports `spans` spans in batches of `batch`."""
    resource = Resource({"service.name": service, "host.cpus": 2, "empty": ""}, "https://example.org/resource")
    limits = SpanLimits(max_span_attributes=128)
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(tee, max_queue_size=spans, max_export_batch_size=batch, schedule_delay_millis=60_000)
    )
    tracers = [
        trace.get_tracer("scope.a", "1.2.3", provider, "https://example.org/scope", {"scope.attribute": "yes"}),
        trace.get_tracer("scope.b", "", provider),
    ]
    for index in range(spans):
        record(tracers[index % 2], index)
    provider.force_flush(60_000)


def main(protocol, endpoint, compression, path):
    with open(path, "w", encoding="utf-8") as out:
        tee = Tee(exporter(protocol, endpoint, compression), out)
        send(tee, "python-small", spans=300, batch=50)
        send(tee, "python-large", spans=1500, batch=1500)
        tee.shutdown()
    return f"{tee.failed} exports failed" if tee.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
