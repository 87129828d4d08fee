"""Sends what the SDKs cannot make, as protobuf messages of the official package: raw.py PROTOCOL ENDPOINT COMPRESSION OUT.

Every attribute type at every level, empty messages, dropped counts, repeated keys, fields that no schema knows.
Each span is written to OUT with a digest of its whole message beside its normal form, so that nothing may differ.
"""

import gzip
import json
import os
import sys
import urllib.request
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import normal
from sink import digests

# Field 1000 as a varint, 1001 as eight bytes, 1002 as a string, 1003 as four bytes.
UNKNOWN = b"\xc0\x3e\x96\x01" + b"\xc9\x3e12345678" + b"\xd2\x3e\x05hello" + b"\xdd\x3eabcd"


# Trace ids of this run begin with it, so that nothing of an earlier run is taken for one of these.
RUN = os.urandom(8)


def values(depth):
    """One value of each type, nested `depth` levels deep."""
    yield AnyValue()
    yield AnyValue(string_value="")
    yield AnyValue(string_value="żółć 🦀 \0")
    yield AnyValue(bool_value=False)
    yield AnyValue(int_value=-(2**63))
    yield AnyValue(double_value=-0.0)
    yield AnyValue(double_value=float("nan"))
    yield AnyValue(bytes_value=b"")
    yield AnyValue(bytes_value=bytes(range(256)))
    yield AnyValue(array_value=ArrayValue())
    yield AnyValue(kvlist_value=KeyValueList())
    if depth > 0:
        yield AnyValue(array_value=ArrayValue(values=values(depth - 1)))
        yield AnyValue(kvlist_value=KeyValueList(values=attributes(depth - 1)))


def attributes(depth):
    pairs = [KeyValue(key=f"key.{index}", value=value) for index, value in enumerate(values(depth))]
    return [*pairs, KeyValue(key=""), KeyValue(key="twice", value=AnyValue(int_value=1)), KeyValue(key="twice")]


def with_unknown(message):
    """The message with fields that no schema knows at its end."""
    message.MergeFromString(UNKNOWN)
    return message


def span(index):
    start = 1_700_000_000_000_000_000 + index
    one = Span(
        trace_id=RUN + index.to_bytes(8, "big"),
        span_id=(index + 1).to_bytes(8, "big"),
        parent_span_id=b"" if index % 2 else b"\xff" * 8,
        trace_state="vendor=value,other=1",
        flags=0xFFFFFFFF,
        name=f"raw {index}",
        kind=index % 6,
        start_time_unix_nano=start,
        end_time_unix_nano=2**64 - 1 if index % 7 == 0 else start + 5,
        attributes=attributes(depth=2),
        dropped_attributes_count=2**32 - 1,
        events=[
            Span.Event(),
            Span.Event(time_unix_nano=start, name="event", attributes=attributes(1), dropped_attributes_count=7),
        ],
        dropped_events_count=index,
        links=[
            Span.Link(
                trace_id=b"\x0a" * 16,
                span_id=b"\x0b" * 8,
                trace_state="linked=1",
                attributes=attributes(0),
                dropped_attributes_count=3,
                flags=0x301,
            ),
        ],
        dropped_links_count=1,
        status=Status(code=index % 3, message="" if index % 2 else "went wrong"),
    )
    if index % 4 == 0:
        with_unknown(one)
        with_unknown(one.events[1])
        with_unknown(one.links[0])
        with_unknown(one.status)
        with_unknown(one.attributes[0].value)
    return one


def requests():
    """Small requests, one large one, and one of empty parts around a span that is nothing but its ids."""
    small = [request(range(index, index + 3)) for index in range(0, 60, 3)]
    bare = service.ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(),
            ResourceSpans(scope_spans=[ScopeSpans()]),
            ResourceSpans(scope_spans=[ScopeSpans(spans=[Span(trace_id=RUN * 2, span_id=RUN)])]),
        ]
    )
    return [*small, request(range(60, 960)), bare]


def request(indexes):
    scopes = [
        ScopeSpans(
            scope=with_unknown(InstrumentationScope(name="raw", version="1", attributes=attributes(1))),
            schema_url="https://example.org/scope",
            spans=[span(index) for index in indexes if index % 2],
        ),
        ScopeSpans(spans=[span(index) for index in indexes if index % 2 == 0]),
    ]
    resource = with_unknown(Resource(attributes=attributes(1), dropped_attributes_count=9))
    return service.ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(resource=resource, schema_url="https://example.org/resource", scope_spans=scopes)
        ]
    )


def sender(protocol, endpoint, compression):
    """A function that sends one request and returns once it has been accepted in full."""
    if protocol == "grpc":
        codec = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        stub = service_grpc.TraceServiceStub(grpc.insecure_channel(endpoint, compression=codec))
        return lambda message: expect_full_success(stub.Export(message, timeout=30))

    def post(message):
        body = message.SerializeToString()
        headers = {"Content-Type": "application/x-protobuf"}
        if compression == "gzip":
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        posted = urllib.request.Request(f"{endpoint}/v1/traces", data=body, headers=headers)
        with urllib.request.urlopen(posted, timeout=30) as response:
            expect_full_success(service.ExportTraceServiceResponse.FromString(response.read()))

    return post


def expect_full_success(response):
    if response.partial_success.rejected_spans:
        sys.exit(f"rejected: {response.partial_success}")


def main(protocol, endpoint, compression, path):
    send = sender(protocol, endpoint, compression)
    with open(path, "w", encoding="utf-8") as out:
        for message in requests():
            send(message)
            digest_of = dict(digests(message))
            for one in normal.spans(message):
                digest = digest_of[one["trace_id"], one["span_id"]]
                out.write(json.dumps({**one, "all_fields_digest": digest}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
