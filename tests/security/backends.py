"""Destinations over TLS, made of grpcio and of `http.server` with `ssl`, which keep what arrives in a sink."""

import ssl
import threading
from concurrent import futures
from http.server import ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc
from sink import GrpcService, HttpHandler


class GrpcBackend:
    """A server of grpcio. It reads its certificate, and whose clients it takes, anew with each `renew`."""

    def __init__(self, sink, place, identity, clients=None):
        self._sink = sink
        self._place = self.place = place
        self._server = None
        self._identity = identity
        self._clients = clients
        self.renew()

    def renew(self, **changes):
        self._clients = changes.get("clients", self._clients)
        self.close()
        pairs = [(self._identity.key.read_bytes(), self._identity.cert.read_bytes())]
        authorities = self._clients.cert.read_bytes() if self._clients else None
        credentials = grpc.ssl_server_credentials(pairs, authorities, require_client_auth=self._clients is not None)
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        service_grpc.add_TraceServiceServicer_to_server(GrpcService(self._sink), self._server)
        self._server.add_secure_port(self._place, credentials)
        self._server.start()

    def close(self):
        if self._server:
            self._server.stop(grace=None).wait()


class HttpBackend:
    """A server of `http.server`, the same way."""

    def __init__(self, sink, place, identity, clients=None):
        self._identity = identity
        self._clients = clients
        self.place = place
        host, port = place.split(":")
        self._server = Server((host, int(port)), HttpHandler)
        self._server.sink = sink
        self.renew()
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def renew(self, **changes):
        self._clients = changes.get("clients", self._clients)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._identity.cert, self._identity.key)
        if self._clients:
            context.load_verify_locations(self._clients.cert)
            context.verify_mode = ssl.CERT_REQUIRED
        self._server.context = context

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Server(ThreadingHTTPServer):
    """Shakes hands in the thread of the connection, and keeps quiet about handshakes that fail."""

    def finish_request(self, request, client_address):
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as secured:
            self.RequestHandlerClass(secured, client_address, self)

    def handle_error(self, request, client_address):
        pass
