"""The destination of the test: an OTLP server made of grpcio, http.server and the official protobuf classes.

It shares no code with the gateway. Every span of every request is kept in normal form, by trace id and span id.
"""

import base64
import gzip
import hashlib
import json
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc

import normal


class Sink:
    """Listens on two loopback ports, one for gRPC and one for HTTP."""

    def __init__(self):
        self._arrived = {}
        self._change = threading.Condition()

        self._grpc = grpc.server(
            futures.ThreadPoolExecutor(max_workers=8),
            options=[("grpc.max_receive_message_length", -1)],
        )
        service_grpc.add_TraceServiceServicer_to_server(GrpcService(self), self._grpc)
        self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), HttpHandler)
        self._http.sink = self
        self.http_port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def take(self, request):
        """Keeps every span of a decoded request."""
        with self._change:
            for span in normal.spans(request):
                self._arrived.setdefault((span["trace_id"], span["span_id"]), []).append(span)
            for identity, digest in digests(request):
                for span in self._arrived[identity]:
                    span.setdefault("all_fields_digest", digest)
            self._change.notify_all()

    def wait_for(self, identities, seconds):
        """Waits until every one of the spans is here; says whether they are."""
        with self._change:
            return self._change.wait_for(lambda: all(i in self._arrived for i in identities), timeout=seconds)

    def drain(self):
        """Hands over all that arrived: lists of spans in normal form, by identity."""
        with self._change:
            arrived, self._arrived = self._arrived, {}
            return arrived

    def close(self):
        self._grpc.stop(grace=None)
        self._http.shutdown()


def digests(request):
    """Yields each span's identity with a digest of the whole message, unknown fields included."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                parts = [resource_spans.resource, scope_spans.scope, span]
                content = b"\0".join(part.SerializeToString(deterministic=True) for part in parts)
                yield (span.trace_id.hex(), span.span_id.hex()), hashlib.sha256(content).hexdigest()


class GrpcService(service_grpc.TraceServiceServicer):
    def __init__(self, sink):
        self._sink = sink

    def Export(self, request, context):
        self._sink.take(request)
        return service.ExportTraceServiceResponse()


class HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self._body()
        if self.headers.get("Content-Encoding", "identity") == "gzip":
            body = gzip.decompress(body)
        is_json = self.headers["Content-Type"].startswith("application/json")
        self.server.sink.take(parse_json(body) if is_json else service.ExportTraceServiceRequest.FromString(body))
        answer = b"{}" if is_json else b""
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format, *args):
        pass


def parse_json(body):
    """OTLP/JSON: protobuf's own JSON, except that ids are hex."""
    document = json.loads(body, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
    for resource_spans in document.get("resourceSpans", []):
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                for holder in [span, *span.get("links", [])]:
                    for key in holder.keys() & {"traceId", "spanId", "parentSpanId"}:
                        holder[key] = base64.b64encode(bytes.fromhex(holder[key])).decode()
    return json_format.ParseDict(document, service.ExportTraceServiceRequest(), ignore_unknown_fields=True)
