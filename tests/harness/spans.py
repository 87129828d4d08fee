"""Requests to send, and what they are compared as."""

import random
from collections import Counter

import normal
from compare import identity
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from sink import digests

START = 1_760_000_000_000_000_000


def text(key, value):
    return KeyValue(key=key, value=AnyValue(string_value=value))


def plain(count, service_name="plain", spans_per_trace=1, seed=0):
    """A request of small spans, with ids that follow from the seed."""
    ids = random.Random(f"{service_name} {seed}")
    traces = [ids.randbytes(16) for _ in range(-(-count // spans_per_trace))]
    spans = [
        Span(
            trace_id=traces[number // spans_per_trace],
            span_id=ids.randbytes(8),
            name=f"span {number}",
            start_time_unix_nano=START + number,
            end_time_unix_nano=START + number + 1000,
        )
        for number in range(count)
    ]
    return request_of(spans, service_name)


def request_of(spans, service_name):
    resource_spans = ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])
    resource_spans.resource.attributes.append(text("service.name", service_name))
    return service.ExportTraceServiceRequest(resource_spans=[resource_spans])


def everything(resources=4, scopes=2, spans=25):
    """A request in which every field of OTLP has a value somewhere, and is left out elsewhere."""
    ids = random.Random("everything")
    request = service.ExportTraceServiceRequest()
    for number in range(resources):
        one = request.resource_spans.add(schema_url=f"https://example.org/resource/{number}" if number % 2 else "")
        one.resource.attributes.extend([text("service.name", f"service {number}"), *attributes(ids, number)])
        one.resource.dropped_attributes_count = number
        for scope in range(scopes):
            below = one.scope_spans.add(schema_url=f"https://example.org/scope/{scope}" if scope else "")
            if scope:
                below.scope.name, below.scope.version = f"scope {scope}", "1.2.3"
                below.scope.attributes.extend(attributes(ids, scope))
                below.scope.dropped_attributes_count = scope
            below.spans.extend(full_span(ids, index) for index in range(spans))
    return request


def full_span(ids, number):
    span = Span(
        trace_id=ids.randbytes(16),
        span_id=ids.randbytes(8),
        parent_span_id=ids.randbytes(8) if number % 3 else b"",
        trace_state="vendor=value,other=1" if number % 2 else "",
        flags=[0, 1, 0x100, 0x301][number % 4],
        name=["", "plain", "ümläut ☃ 𝄞", 'quotes " and \\ and \n'][number % 4],
        kind=number % 6,
        start_time_unix_nano=START + number,
        end_time_unix_nano=2**64 - 1 if number == 7 else START + 2 * number,
        attributes=attributes(ids, number),
        dropped_attributes_count=number,
        dropped_events_count=2**32 - 1 if number == 5 else 0,
        dropped_links_count=number % 2,
    )
    for index in range(number % 4):
        span.events.add(
            name=f"event {index}",
            time_unix_nano=START + index,
            attributes=attributes(ids, index),
            dropped_attributes_count=index,
        )
        span.links.add(
            trace_id=ids.randbytes(16),
            span_id=ids.randbytes(8),
            trace_state="a=b" if index else "",
            attributes=attributes(ids, index),
            dropped_attributes_count=index,
            flags=index,
        )
    if number % 3:
        span.status.CopyFrom(Status(code=number % 3, message="went wrong" if number % 2 else ""))
    return span


def attributes(ids, number):
    """An attribute of each type, with values that are easy to get wrong."""
    deeper = AnyValue(kvlist_value=KeyValueList(values=[text("a", "b")]))
    inner = KeyValueList(values=[text("in", "side"), KeyValue(key="deeper", value=deeper)])
    several = ArrayValue(values=[AnyValue(int_value=1), AnyValue(string_value="two"), AnyValue()])
    values = {
        "text": AnyValue(string_value=["", "ordinary", "\u0000\u2028"][number % 3]),
        "bool": AnyValue(bool_value=number % 2 == 0),
        "int": AnyValue(int_value=[0, -1, 2**63 - 1, -(2**63)][number % 4]),
        "double": AnyValue(double_value=[0.0, -0.0, 1e308, 5e-324, float("inf"), 0.1][number % 6]),
        "bytes": AnyValue(bytes_value=ids.randbytes(number % 5)),
        "array": AnyValue(array_value=several),
        "empty array": AnyValue(array_value=ArrayValue()),
        "map": AnyValue(kvlist_value=inner),
        "nothing": AnyValue(),
    }
    return [KeyValue(key=key, value=value) for key, value in values.items()]


def spans_of(request):
    """Every span of a request."""
    return (
        span
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    )


def normal_forms(requests):
    """Every span in the form in which it is compared."""
    return [
        {**span, "all_fields_digest": digest}
        for request in requests
        for span, (_, digest) in zip(normal.spans(request), digests(request))
    ]


def by_identity(requests):
    """The normal forms as the sink hands them over: lists by identity."""
    arrived = {}
    for span in normal_forms(requests):
        arrived.setdefault(identity(span), []).append(span)
    return arrived


def multiset(requests):
    """Every span with its resource and scope, as digests that are counted."""
    return Counter(one for request in requests for one in digests(request))
