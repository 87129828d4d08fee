"""What a test works with: gateways, sinks and a broker, which end with it."""

import json
import subprocess
import time
from contextlib import ExitStack

import peers
from sink import Sink

from broker import Cluster
from certificates import Certificates
from load import CountingSink, Load
from spanway import Spanway
from topic import Topic


class Shared:
    """The broker of all tests that need no other; starts when the first of them asks for it."""

    def __init__(self, directory):
        self._directory = directory
        self._cluster = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._cluster:
            self._cluster.stop()

    def start(self):
        """Starts the broker; returns the seconds that it took."""
        began = time.monotonic()
        self.certificates = Certificates(self._directory / "certificates")
        self._cluster = Cluster(self._directory / "kafka", certificates=self.certificates)
        self._cluster.start()
        return time.monotonic() - began

    @property
    def cluster(self):
        if not self._cluster:
            print(f"      a broker started in {self.start():.1f} s")
        return self._cluster


class Lab:
    """The things of one test. Whatever it hands out ends with it."""

    def __init__(self, binary, directory, shared):
        self.directory = directory
        self._binary = binary
        self._shared = shared
        self._stack = ExitStack()
        self._gateways = []
        directory.mkdir(parents=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def cluster(self):
        """The broker that all tests share."""
        return self._shared.cluster

    @property
    def certificates(self):
        """Those that the shared broker knows."""
        return self._shared.certificates

    def brokers(self, count, **settings):
        """A cluster of the test's own."""
        return self._stack.enter_context(Cluster(self.directory / "kafka", count, **settings))

    def admin(self):
        """A client for the administration of the shared broker."""
        return self._stack.enter_context(self.cluster.admin())

    def topic(self, name):
        """A reader of a topic of the shared broker, from its beginning."""
        topic = Topic(self.cluster.bootstrap, name)
        self._stack.callback(topic.close)
        return topic

    def gateway(self, name, parts):
        """A gateway that is healthy; see `spanway.py` for its parts."""
        return self._start(Spanway(self._binary, self.directory, name, parts))

    def collector(self, name, parts):
        """The same, but the OpenTelemetry Collector."""
        return self._start(Spanway(peers.collector().program, self.directory, name, parts))

    def _start(self, gateway):
        self._gateways.append(gateway)
        self._stack.callback(gateway.end)
        gateway.start()
        return gateway

    def sink(self):
        """A destination that keeps every span, to be compared."""
        sink = Sink()
        self._stack.callback(sink.close)
        return sink

    def counting_sink(self):
        """A destination that counts the spans of loads."""
        return self._stack.enter_context(CountingSink(self._binary))

    def load(self, name, gateway, *flags):
        """Begins to send to a gateway, with flags of `spanway load`."""
        load = Load(self._binary, self.directory / f"{name}.json", gateway.grpc, *flags)
        self._stack.callback(load.end)
        return load

    def journal(self, storage):
        """What `spanway journal ls` says of a storage."""
        command = [self._binary, "journal", "ls", "--json", "--directory", storage]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["pipelines"]

    def last_words(self):
        """What the gateways of the test wrote in the end."""
        return [gateway.last_words() for gateway in self._gateways]
