"""A gateway under test: its configuration, its process, its log and what it says of itself."""

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

from ports import lasting_ports

START_SECONDS = 30
STOP_SECONDS = 30
END_SECONDS = 5
SEND_SECONDS = 60


def to_kafka(bootstrap, topic, **settings):
    """The parts of a gateway from OTLP to a topic."""
    exporter = {"brokers": bootstrap.split(","), "traces": {"topic": topic}}
    return {"receivers": {"otlp": {}}, "exporters": {"kafka": merged(exporter, settings)}}


def from_kafka(bootstrap, topics, url, **settings):
    """The parts of a gateway from topics, from their beginnings, to a destination of OTLP over HTTP."""
    receiver = {"brokers": bootstrap.split(","), "traces": {"topics": topics}, "initial_offset": "earliest"}
    exporters = {"otlp_http": {"endpoint": url, "compression": "none"}}
    return {"receivers": {"kafka": merged(receiver, settings)}, "exporters": exporters}


def with_journal(parts, directory):
    """The parts, with every exporter's spans in a journal."""
    for exporter in parts["exporters"].values():
        exporter["sending_queue"] = {"storage": "file_storage"}
    return {**parts, "extensions": {"file_storage": {"directory": str(directory)}}}


def merged(base, more):
    """Sections are merged, the rest replaced."""
    both = {key: merged(base[key], more[key]) for key in base.keys() & more.keys() if isinstance(more[key], dict)}
    return {**base, **more, **both}


class Spanway:
    """One gateway. Its parts are the sections of its configuration, with `pipelines` beside them.

    Without pipelines, every receiver feeds every exporter. A receiver `otlp` listens at `grpc` and `http`.
    `environment` has variables for the process beside those of the test.
    """

    def __init__(self, binary, directory, name, parts, environment={}):
        grpc, http, health, metrics = lasting_ports(4)
        self.name = name
        self.grpc = f"127.0.0.1:{grpc}"
        self.http = f"127.0.0.1:{http}"
        self.health_place = f"127.0.0.1:{health}"
        self.metrics_place = f"127.0.0.1:{metrics}"
        self._log = Path(directory) / f"{name}.log"
        self.config = Path(directory) / f"{name}.yaml"
        self.config.write_text(json.dumps(self._config(parts, metrics), indent=2))
        self._command = [binary, "--config", self.config]
        self._environment = {**os.environ, **environment}
        self.process = None

    def _config(self, parts, metrics_port):
        """The configuration; JSON is YAML."""
        receivers, exporters = dict(parts["receivers"]), parts["exporters"]
        if "otlp" in receivers:
            protocols = {"grpc": {"endpoint": self.grpc}, "http": {"endpoint": self.http}}
            receivers["otlp"] = merged({"protocols": protocols}, receivers["otlp"])
        extensions = {"health_check": {"endpoint": self.health_place}, **parts.get("extensions", {})}
        prometheus = {"host": "127.0.0.1", "port": metrics_port}
        every = {"traces": {"receivers": list(receivers), "exporters": list(exporters)}}
        service = {
            "extensions": list(extensions),
            "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": prometheus}}}]}},
            "pipelines": parts.get("pipelines", every),
        }
        return {
            "receivers": receivers,
            "processors": parts.get("processors", {}),
            "exporters": exporters,
            "extensions": extensions,
            "service": merged(service, parts.get("service", {})),
        }

    def start(self):
        """Starts the process and waits until it is healthy."""
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.health()[0] == 200:
                return
            time.sleep(0.02)
        raise AssertionError(f"gateway {self.name} did not become healthy in {START_SECONDS} s")

    def stop(self):
        """Ends the process in order, with SIGTERM."""
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"gateway {self.name} did not stop in {STOP_SECONDS} s") from None
        assert status == 0, f"gateway {self.name} stopped with status {status}"

    def kill(self):
        """Ends the process with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def end(self):
        """Ends the process if it runs, in order if it can."""
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def send(self, request, headers={}):
        """Sends a request over HTTP; returns the decoded answer."""
        headers = {"content-type": "application/x-protobuf", **headers}
        asked = urllib.request.Request(f"http://{self.http}/v1/traces", request.SerializeToString(), headers)
        with urllib.request.urlopen(asked, timeout=SEND_SECONDS) as answer:
            return service.ExportTraceServiceResponse.FromString(answer.read())

    def health(self):
        """The status and the text that the health check answers; (None, "") while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.health_place}/", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return None, ""

    def metrics(self, pattern):
        """The metrics whose name holds the pattern, labels and all, with their values."""
        with urllib.request.urlopen(f"http://{self.metrics_place}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {series: float(value) for series, value in pairs if re.search(pattern, series.split("{")[0])}

    def log(self):
        """All that the process wrote so far."""
        return self._log.read_text(errors="replace")

    def last_words(self):
        """How the process stands and the end of its log."""
        return f"gateway {self.name}, exit status {self.process.poll()}, its log ends with:\n{self.log()[-3000:]}"
