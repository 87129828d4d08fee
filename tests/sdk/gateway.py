"""Two gateways in a row, started from the Collector's YAML, and what the tests need to know about them."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack

START_SECONDS = 30
STOP_SECONDS = 30

CONFIG = """
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:{grpc}
      http:
        endpoint: 127.0.0.1:{http}
processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 512
  batch:
    send_batch_size: 512
    timeout: 50ms
exporters:
  {exporter}
extensions:
  health_check:
    endpoint: 127.0.0.1:{health}
service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [{exporter_id}]
  telemetry:
    metrics:
      level: none
"""

# How a gateway sends on: gRPC and JSON compressed, as by default, HTTP not.
EXPORTERS = {
    "grpc": ("otlp_grpc", "otlp_grpc: {{endpoint: '127.0.0.1:{grpc}', tls: {{insecure: true}}}}"),
    "http": ("otlp_http", "otlp_http: {{endpoint: 'http://127.0.0.1:{http}', compression: none}}"),
    "json": ("otlp_http", "otlp_http: {{endpoint: 'http://127.0.0.1:{http}', encoding: json}}"),
}


class NotHealthy(Exception):
    """A gateway has not come up; says what it wrote."""


class Chain:
    """Two gateways before the sink, joined by one kind of exporter; with `direct` only the sink."""

    def __init__(self, hop, binary, sink, scratch):
        self._hop = hop
        self._binary = binary
        self._scratch = scratch
        self._ports = {"grpc": sink.grpc_port, "http": sink.http_port}
        self._running = []

    def __enter__(self):
        try:
            for name in [] if self._hop == "direct" else ["second", "first"]:
                exporter = EXPORTERS[self._hop]
                gateway = Gateway(f"{name}-{self._hop}", self._binary, exporter, self._ports, self._scratch)
                self._running.append(gateway)
                self._ports = gateway.ports
                gateway.wait_until_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for gateway in reversed(self._running):
            gateway.stop()

    def endpoint(self, protocol):
        """Where a sender of the protocol sends."""
        if protocol == "grpc":
            return f"127.0.0.1:{self._ports['grpc']}"
        return f"http://127.0.0.1:{self._ports['http']}"

    def faults(self):
        """What is wrong with the gateways themselves."""
        return [gateway.last_words() for gateway in self._running if gateway.process.poll() is not None]


class Gateway:
    """One process with its configuration and its log."""

    def __init__(self, name, binary, exporter, destination, scratch):
        grpc, http, health = free_ports(3)
        self.name = name
        self.ports = {"grpc": grpc, "http": http}
        self._health = f"http://127.0.0.1:{health}/"
        exporter_id, exporter_yaml = exporter
        config = scratch / f"{name}.yaml"
        config.write_text(
            CONFIG.format(
                grpc=grpc,
                http=http,
                health=health,
                exporter_id=exporter_id,
                exporter=exporter_yaml.format(**destination),
            )
        )
        self._log = scratch / f"{name}.log"
        with open(self._log, "wb") as log:
            try:
                self.process = subprocess.Popen([binary, "--config", config], stdout=log, stderr=log)
            except OSError as error:
                raise NotHealthy(f"cannot start {binary}: {error}") from error

    def wait_until_healthy(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self._health, timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise NotHealthy(f"did not become healthy in {START_SECONDS} s: {self.last_words()}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self):
        """How the process stands and the end of its log."""
        log = self._log.read_text(errors="replace")[-4000:]
        return f"gateway {self.name}, exit status {self.process.poll()}, its log ends with:\n{log}"


def free_ports(count):
    """Loopback ports that nobody listens on, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
