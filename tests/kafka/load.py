"""The binary's own load generator, and its sink, which knows the spans that the generator sends."""

import json
import signal
import subprocess
import urllib.request

from waiting import until

FINISH_SECONDS = 120
CONTROL_SECONDS = 30


class Load:
    """A load that has begun, and goes on until it is told to finish. What is acknowledged is written down."""

    def __init__(self, binary, acknowledged_ids, endpoint, *flags):
        self._acknowledged_ids = acknowledged_ids
        command = [binary, "load", "--json", "--endpoint", endpoint, "--acknowledged-ids", acknowledged_ids]
        command += ["--duration", "10m", *flags]
        self._process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def finish(self):
        """Begins no more requests and waits for the others; returns the report, and the acknowledged ids for a sink."""
        self._process.send_signal(signal.SIGINT)
        out, _ = self._process.communicate(timeout=FINISH_SECONDS)
        report = json.loads(out)
        assert report["requests_given_up"] == 0, f"the load gave up: {report}"
        assert report["spans_acknowledged"] > 0, f"nothing was acknowledged: {report}"
        return report, self._acknowledged_ids.read_bytes()

    def end(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class CountingSink:
    """`spanway sink`: counts spans and duplicates, and knows which spans of a load are missing."""

    def __init__(self, binary):
        self._command = [binary, "sink", "--grpc=localhost:0", "--http=localhost:0", "--control=localhost:0"]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        addresses = json.loads(self._process.stdout.readline())
        self.url = f"http://{addresses['http']}"
        self._control = f"http://{addresses['control']}"
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def take(self, value):
        """Hands a request over, as bytes."""
        call(f"{self.url}/v1/traces", "POST", value, {"content-type": "application/x-protobuf"})

    def stats(self):
        return json.loads(call(f"{self._control}/stats", "GET"))

    def wait_for_more(self):
        """Waits until spans arrive that had not arrived yet."""
        seen = self.stats()["distinct"]
        until(lambda: self.stats()["distinct"] > seen, f"nothing arrives any more after {seen} spans")

    def wait_for_all(self, acknowledged_ids):
        """Waits until every acknowledged span is here."""
        until(lambda: self.missing(acknowledged_ids) == 0, lambda: f"{self.missing(acknowledged_ids)} spans are missing")

    def missing(self, acknowledged_ids):
        """How many of the acknowledged spans are not here."""
        return json.loads(call(f"{self._control}/missing", "POST", acknowledged_ids))["missing"]


def call(url, method, body=None, headers={}):
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=CONTROL_SECONDS) as answer:
        return answer.read()
