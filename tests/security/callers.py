"""Clients of several makes that each send a request once: Go's standard library, grpcio, Python's `ssl`, `openssl`."""

import http.client
import json
import ssl
import subprocess

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc

CALL_SECONDS = 10


class Callers:
    """All of them. Each says None when its request was taken, else what went wrong."""

    def __init__(self, go_client, directory):
        self._go = go_client
        self._directory = directory
        self._number = 0

    def go(self, protocol, address, request=None, ca=None, identity=None, **flags):
        """What the Go client says of one request."""
        flags |= {"protocol": protocol, "address": address}
        if request is not None:
            flags["body"] = self._file(request)
        done = subprocess.run(self._command(flags, ca, identity), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"the Go client failed: {done.stderr}"
        return json.loads(done.stdout)

    def go_http(self, address, request, ca, identity=None):
        return self.go("http", address, request, ca, identity)["error"] or None

    def go_grpc(self, address, request, ca, identity=None):
        return self.go("grpc", address, request, ca, identity)["error"] or None

    def grpcio(self, address, request, ca, identity=None):
        pair = [identity.key.read_bytes(), identity.cert.read_bytes()] if identity else []
        credentials = grpc.ssl_channel_credentials(ca.read_bytes(), *pair)
        with grpc.secure_channel(address, credentials) as channel:
            return refusal(channel, request)

    def python(self, address, request, ca, identity=None):
        context = ssl.create_default_context(cafile=ca)
        if identity:
            context.load_cert_chain(identity.cert, identity.key)
        connection = http.client.HTTPSConnection(address, timeout=CALL_SECONDS, context=context)
        try:
            connection.request(
                "POST", "/v1/traces", request.SerializeToString(), {"content-type": "application/x-protobuf"}
            )
            answer = connection.getresponse()
            return None if answer.status == 200 else f"status {answer.status}: {answer.read()}"
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()

    def load(self, protocol, address, request, ca=None, identity=None, **flags):
        """A load of the Go client, which has begun."""
        flags = {"protocol": protocol, "address": address, "body": self._file(request), "seconds": 600, **flags}
        return Load(self._command(flags, ca, identity))

    def _command(self, flags, ca, identity):
        if ca:
            flags["ca"] = ca
        if identity:
            flags |= {"cert": identity.cert, "key": identity.key}
        return [self._go, *(f"-{flag}={value}" for flag, value in flags.items())]

    def _file(self, request):
        self._number += 1
        path = self._directory / f"request-{self._number}"
        path.write_bytes(request.SerializeToString())
        return path


class Load:
    """Requests of the Go client until it is told to finish."""

    def __init__(self, command):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(list(map(str, command)), stdin=pipe, stdout=pipe, text=True)

    def finish(self):
        """Begins no more requests; what became of all."""
        out, _ = self._process.communicate(timeout=60)
        return json.loads(out)

    def end(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def refusal(channel, request):
    """Why a request over a channel of grpcio was not taken, if it was not."""
    try:
        answer = service_grpc.TraceServiceStub(channel).Export(request, timeout=CALL_SECONDS)
        assert answer == service.ExportTraceServiceResponse(), f"not all was taken: {answer}"
    except grpc.RpcError as error:
        return f"{error.code().name}: {error.details()}"


def s_client(address, ca, *words):
    """What `openssl s_client` says of a handshake. It verifies the chain and the name."""
    name = ["-verify_return_error", "-verify_hostname", "localhost"]
    command = ["openssl", "s_client", "-connect", address, "-CAfile", str(ca), *name, *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr
