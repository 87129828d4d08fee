"""What a test works with: gateways, sinks, certificates and clients, which end with it."""

import subprocess
from contextlib import ExitStack
from functools import cached_property

from authorities import Authority
from callers import Callers
from ports import lasting_ports
from sink import Sink
from spanway import Spanway


class Lab:
    """The things of one test. Whatever it hands out ends with it."""

    def __init__(self, binary, go_client, directory, long=False):
        self.binary = binary
        self.directory = directory
        self.long = long
        self._go_client = go_client
        self._stack = ExitStack()
        self._gateways = []
        directory.mkdir(parents=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    @cached_property
    def authority(self):
        """The authority that the test trusts."""
        return Authority(self.directory / "trusted", "trusted")

    @cached_property
    def stranger(self):
        """An authority that it does not trust."""
        return Authority(self.directory / "stranger", "stranger")

    @cached_property
    def callers(self):
        return Callers(self._go_client, self.directory)

    def places(self, count):
        """Free places to listen at."""
        return [f"127.0.0.1:{port}" for port in lasting_ports(count)]

    def gateway(self, name, parts, environment={}):
        """A gateway that is healthy; see `spanway.py` for its parts."""
        gateway = self.make(name, parts, environment)
        gateway.start()
        return gateway

    def make(self, name, parts, environment={}):
        """A gateway that is not started yet."""
        return self.keep(Spanway(self.binary, self.directory, name, parts, environment))

    def keep(self, gateway):
        """Ends a gateway with the test, and tells what it wrote when the test fails."""
        self._gateways.append(gateway)
        self._stack.callback(gateway.end)
        return gateway

    def sink(self):
        """A destination that keeps every span."""
        sink = Sink()
        self._stack.callback(sink.close)
        return sink

    def load(self, *words, **flags):
        """Requests of the Go client, which has begun; see `callers.py`."""
        load = self.callers.load(*words, **flags)
        self._stack.callback(load.end)
        return load

    def until_the_end(self, callback, *arguments):
        """Calls something when the test ends."""
        self._stack.callback(callback, *arguments)

    def run(self, *words, environment=None):
        """What another command of the binary writes, to both outputs, and its status."""
        command = [str(word) for word in [self.binary, *words]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
        return done.stdout + done.stderr, done.returncode

    def last_words(self):
        """What the gateways of the test wrote in the end."""
        return [gateway.last_words() for gateway in self._gateways]


def receiver(grpc=None, http=None, tls=None, **more):
    """The keys of a receiver `otlp` at one or two places."""
    protocols = {name: {"endpoint": place, **more} for name, place in [("grpc", grpc), ("http", http)] if place}
    if tls is not None:
        protocols = {name: {**keys, "tls": tls} for name, keys in protocols.items()}
    return {"protocols": protocols}


def to_sink(sink):
    """An exporter that hands on at once to a sink."""
    return {"otlp_grpc/sink": {"endpoint": f"127.0.0.1:{sink.grpc_port}", "tls": {"insecure": True}}}


def identities(request):
    """The spans of a request, as sinks know them."""
    return {
        (span.trace_id.hex(), span.span_id.hex())
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
