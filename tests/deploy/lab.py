"""What a test works with: a binary, a directory, processes that end with the test, a destination that looks at requests."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
DEPLOY = ROOT / "deploy"
sys.path.append(str(TESTS / "sdk"))
from gateway import free_ports

START_SECONDS = 30
STOP_SECONDS = 40


class Lab:
    """The things of one test. Whatever it hands out ends with it."""

    def __init__(self, binary, directory, renderer):
        self.binary = binary
        self.directory = directory
        self.renderer = renderer
        self._stack = ExitStack()
        self._processes = []
        directory.mkdir(parents=True)
        # Other users than ours go through it.
        for part in [directory, *directory.parents][:3]:
            part.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def validate(self, config, *flags):
        """Holds a configuration, a path or a text, to `spanway validate`; returns what it says."""
        if isinstance(config, str):
            path = self.directory / "validated.yaml"
            path.write_text(config)
            config = path
        said = subprocess.run([self.binary, "validate", "--config", config, *flags], capture_output=True, text=True)
        assert said.returncode == 0, f"{config}: {said.stdout}{said.stderr}"
        return said.stdout + said.stderr

    def start(self, command, ports, env=None):
        """Starts a gateway by this command and waits until it is healthy."""
        process = Process(command, ports, self.directory / f"{len(self._processes)}.log", {**os.environ, **(env or {})})
        self._processes.append(process)
        self._stack.callback(process.end)
        process.wait_until_healthy()
        return process

    def sink(self):
        """A destination of OTLP over HTTP that keeps what it is asked."""
        return self._stack.enter_context(Sink())

    def last_words(self):
        """What the processes of the test wrote in the end."""
        return [process.last_words() for process in self._processes]


class Ports:
    """Free ports for a gateway, and the flags that put it there, whatever its configuration says."""

    def __init__(self):
        self.grpc, self.http, self.health, self.metrics, self.query = free_ports(5)

    def flags(self, otlp=True, metrics=True, query=False):
        """Listeners that the configuration has."""
        flags = [f"extensions.health_check.endpoint=127.0.0.1:{self.health}"]
        if otlp:
            protocols = "receivers.otlp.protocols"
            flags += [f"{protocols}.grpc.endpoint=127.0.0.1:{self.grpc}", f"{protocols}.http.endpoint=127.0.0.1:{self.http}"]
        if metrics:
            reader = f"[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {self.metrics}}}}}}}}}]"
            flags.append(f"service.telemetry.metrics.readers={reader}")
        if query:
            flags.append(f"extensions.query.endpoint=127.0.0.1:{self.query}")
        return [word for flag in flags for word in ("--set", flag)]


class Process:
    """A gateway, however it is started."""

    def __init__(self, command, ports, log, env):
        self.ports = ports
        self._log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=env)
        self.pid = self.process.pid

    def wait_until_healthy(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.health() == 200:
                return
            time.sleep(0.02)
        raise AssertionError(f"not healthy after {START_SECONDS} s")

    def health(self):
        """The status of the health page, None while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.health}/", timeout=2) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return None

    def send(self, spans=1, **resource):
        """Sends spans over HTTP; returns the status."""
        headers = {"content-type": "application/json"}
        body = json.dumps(request(spans, resource)).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{self.ports.http}/v1/traces", body, headers)
        try:
            with urllib.request.urlopen(asked, timeout=15) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code

    def scrape(self):
        """The page of metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.metrics}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def status(self, key):
        """A line of /proc/PID/status."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return re.search(rf"^{key}:\s*(.*)$", text, re.MULTILINE)[1]

    def stop(self):
        """Ends it in order, with SIGTERM."""
        self.process.terminate()
        status = self.process.wait(STOP_SECONDS)
        assert status == 0, f"stopped with status {status}"

    def end(self):
        """Ends it if it runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_words(self):
        return f"exit status {self.process.poll()}, the log ends with:\n{self._log.read_text(errors='replace')[-3000:]}"


class Sink:
    """Accepts every request and keeps its path, headers and body."""

    def __enter__(self):
        requests = self.requests = []
        arrived = self._arrived = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                with arrived:
                    requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                    arrived.notify_all()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def wait_for_spans(self, seconds=15):
        """The first request with a body: path, headers, body. Probes of a destination are empty."""
        full = lambda: [request for request in self.requests if request[2]]
        with self._arrived:
            assert self._arrived.wait_for(full, seconds), f"nothing arrived in {seconds} s"
            return full()[0]


def request(spans, resource):
    """An export request of OTLP/JSON."""
    now = time.time_ns()
    attributes = {"service.name": "shop", **resource}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]},
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": os.urandom(16).hex(),
                                "spanId": os.urandom(8).hex(),
                                "name": "GET /cart",
                                "kind": 2,
                                "startTimeUnixNano": str(now),
                                "endTimeUnixNano": str(now + 1_000_000),
                            }
                            for _ in range(spans)
                        ]
                    }
                ],
            }
        ]
    }


def refuses(command, wanted, seconds=20):
    """Holds that a command ends with an error that says `wanted`."""
    said = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert said.returncode != 0 and wanted in said.stdout + said.stderr, f"{said.returncode}: {said.stdout}{said.stderr}"
