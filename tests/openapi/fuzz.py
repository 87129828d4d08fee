#!/usr/bin/env python3
"""Fuzzes the query APIs by their own OpenAPI document: tests/openapi/fuzz.py BINARY [MAX_EXAMPLES]

Guarantees: whatever a client sends, the answer has a status, a content type and a body that the document promises, it comes in time,
it is never an error of ours, and the gateway lives on.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
    ]
)
SLOWEST_SECONDS = 5
START_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """A gateway with a store, whose spans can be asked for."""

    def __init__(self, binary, scratch):
        self.api, self.ingest = free_port(), free_port()
        configuration = Path(scratch) / "gateway.yaml"
        configuration.write_text(
            f"receivers: {{otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:{self.ingest}'}}}}}}}}\n"
            f"exporters: {{store: {{directory: '{scratch}/spans'}}}}\n"
            f"extensions: {{query: {{endpoint: '127.0.0.1:{self.api}'}}}}\n"
            "service:\n  extensions: [query]\n  telemetry: {metrics: {level: none}}\n"
            "  pipelines: {traces: {receivers: [otlp], exporters: [store]}}\n"
        )
        self.log = Path(scratch) / "gateway.log"
        self.process = subprocess.Popen([binary, "run", "--config", configuration], stderr=self.log.open("w"))
        until = time.monotonic() + START_SECONDS
        while self.post({"resourceSpans": []}) != 200:
            if time.monotonic() > until:
                sys.exit(f"the gateway does not answer:\n{self.log.read_text()}")
            time.sleep(0.02)

    def post(self, request):
        """Sends OTLP/JSON; the status, or nothing where nobody listens."""
        url = f"http://127.0.0.1:{self.ingest}/v1/traces"
        body = json.dumps(request).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"})) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def stop(self):
        self.process.terminate()
        self.process.wait()


def some_spans():
    """A few traces in which every kind of value occurs."""
    now = time.time_ns()
    values = [
        {"stringValue": "gpt-4o"},
        {"intValue": "42"},
        {"doubleValue": 1.5},
        {"doubleValue": "NaN"},
        {"boolValue": True},
        {"bytesValue": "AAEC"},
        {},
        {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}},
        {"kvlistValue": {"values": [{"key": "a", "value": {"kvlistValue": {"values": [{"key": "b", "value": {"intValue": "7"}}]}}}]}},
    ]
    keys = ["llm.model_name", "http.status_code", "score", "nothing", "cached", "raw", "empty", "tags", "nested"]
    attributes = [{"key": key, "value": value} for key, value in zip(keys, values)]
    attributes += [
        {"key": "openinference.span.kind", "value": {"stringValue": "LLM"}},
        {"key": "session.id", "value": {"stringValue": "session-1"}},
        {"key": "traceloop.workflow.name", "value": {"stringValue": "workflow"}},
        {"key": "metadata", "value": {"stringValue": '{"tier": "gold", "deep": {"x": [1, null]}}'}},
        {"key": "http.request.method", "value": {"stringValue": "GET"}},
        {"key": "http.route", "value": {"stringValue": "/cart"}},
        {"key": "db.query.text", "value": {"stringValue": "select 1"}},
    ]
    event = {"timeUnixNano": str(now), "name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "Oops"}}]}
    spans = []
    for trace in range(1, 6):
        for place in range(4):
            span = {
                "traceId": f"{trace:032x}",
                "spanId": f"{trace * 16 + place:016x}",
                "name": f"step {place}",
                "kind": place + 1,
                "startTimeUnixNano": str(now - trace * 10**9 + place),
                "endTimeUnixNano": str(now - trace * 10**9 + place + 10**7),
                "attributes": attributes,
                "events": [event],
                "links": [{"traceId": f"{9:032x}", "spanId": f"{9:016x}"}],
                "status": {"code": place % 3, "message": "why"},
            }
            if place > 0:
                span["parentSpanId"] = f"{trace * 16:016x}"
            spans.append(span)
    resource = [{"key": "service.name", "value": {"stringValue": "web"}}, {"key": "deployment.environment", "value": {"stringValue": "prd"}}]
    scope = {"name": "fuzz", "version": "1"}
    return {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"scope": scope, "spans": spans}]}]}


def main():
    binary, examples = sys.argv[1], "".join(sys.argv[2:]) or "15"
    with tempfile.TemporaryDirectory(prefix="spanway-openapi-") as scratch:
        gateway = Gateway(binary, scratch)
        try:
            assert gateway.post(some_spans()) == 200
            command = [Path(sys.executable).parent / "schemathesis", "run", f"http://127.0.0.1:{gateway.api}/openapi.json"]
            command += ["--checks", CHECKS, "--max-examples", examples, "--max-response-time", str(SLOWEST_SECONDS), "--seed", "1"]
            command += ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--warnings", "off"]
            command += ["--continue-on-failure", "--no-color", "--workers", "1"]
            failed = subprocess.run(command, cwd=scratch).returncode != 0
            if gateway.process.poll() is not None or gateway.post({"resourceSpans": []}) != 200:
                print("the gateway does not answer any more")
                failed = True
            told = [line for line in gateway.log.read_text().splitlines() if "panicked" in line or "a query failed" in line]
            print("\n".join(told))
            return int(failed or bool(told))
        finally:
            gateway.stop()


if __name__ == "__main__":
    sys.exit(main())
