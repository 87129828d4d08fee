"""The normal form in which what was exported and what arrived are compared.

A span becomes plain JSON: ids and bytes as hex, 64-bit integers as decimal strings, doubles as the hex of
their bits, every attribute value tagged with its type. Each sender writes the same form by its own means
from its SDK's span objects; this module makes it from decoded protobuf messages.
"""

import struct


def spans(request):
    """Yields the normal form of every span of an ExportTraceServiceRequest."""
    for resource_spans in request.resource_spans:
        resource = {
            "attributes": attributes(resource_spans.resource.attributes),
            "schema_url": resource_spans.schema_url,
        }
        for scope_spans in resource_spans.scope_spans:
            scope = {
                "name": scope_spans.scope.name,
                "version": scope_spans.scope.version,
                "attributes": attributes(scope_spans.scope.attributes),
                "schema_url": scope_spans.schema_url,
            }
            for one in scope_spans.spans:
                yield {**span(one), "resource": resource, "scope": scope}


def span(one):
    """The span without its resource and scope."""
    return {
        "trace_id": one.trace_id.hex(),
        "span_id": one.span_id.hex(),
        "parent_span_id": one.parent_span_id.hex(),
        "trace_state": one.trace_state,
        "flags": one.flags,
        "name": one.name,
        "kind": one.kind,
        "start": str(one.start_time_unix_nano),
        "end": str(one.end_time_unix_nano),
        "attributes": attributes(one.attributes),
        "dropped_attributes": one.dropped_attributes_count,
        "events": [event(each) for each in one.events],
        "dropped_events": one.dropped_events_count,
        "links": [link(each) for each in one.links],
        "dropped_links": one.dropped_links_count,
        "status": [one.status.code, one.status.message],
    }


def event(one):
    return {
        "name": one.name,
        "time": str(one.time_unix_nano),
        "attributes": attributes(one.attributes),
        "dropped_attributes": one.dropped_attributes_count,
    }


def link(one):
    return {
        "trace_id": one.trace_id.hex(),
        "span_id": one.span_id.hex(),
        "trace_state": one.trace_state,
        "flags": one.flags,
        "attributes": attributes(one.attributes),
        "dropped_attributes": one.dropped_attributes_count,
    }


def attributes(pairs):
    """Attributes by key; their order carries no meaning."""
    return {pair.key: value(pair.value) for pair in pairs}


def value(any_value):
    """An AnyValue as a list of its type and its content."""
    kind = any_value.WhichOneof("value")
    if kind is None:
        return ["empty"]
    content = getattr(any_value, kind)
    match kind:
        case "string_value":
            return ["string", content]
        case "bool_value":
            return ["bool", content]
        case "int_value":
            return ["int", str(content)]
        case "double_value":
            return ["double", double(content)]
        case "bytes_value":
            return ["bytes", content.hex()]
        case "array_value":
            return ["array", [value(each) for each in content.values]]
        case "kvlist_value":
            return ["map", attributes(content.values)]
    return ["unknown", kind]


def double(number):
    """The bits of a double, so that -0.0 and NaN compare as what they are."""
    return struct.pack(">d", number).hex()
