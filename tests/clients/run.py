"""Clients of other vendors read from the query APIs what was sent: Mackerel's Go client, Traceloop's backend in Python, and
Phoenix's client in TypeScript, which sends its spans itself.

    run.py BINARY
"""

import asyncio
import filecmp
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"
sys.path.insert(0, str(HERE.parent / "sdk"))
from gateway import START_SECONDS, STOP_SECONDS, free_ports

from opentelemetry_mcp.backends.traceloop import TraceloopBackend
from opentelemetry_mcp.models import Filter, FilterOperator, FilterType, SpanQuery, TraceQuery

CONFIG = """
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '127.0.0.1:{grpc}'}}, http: {{endpoint: '127.0.0.1:{http}'}}}}}}
exporters:
  store: {{directory: '{directory}'}}
extensions:
  query: {{endpoint: '127.0.0.1:{api}'}}
service:
  extensions: [query]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [store]}}
"""

# Traces have two spans each: a request to a web server, and what it asks of a database and of a model.
TRACES = 30
# One more trace names no environment.
UNNAMED = 100
START = int(time.time()) - 600


def main(binary):
    grpc, http, api = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="spanway-clients-") as scratch:
        config = Path(scratch) / "config.yaml"
        config.write_text(CONFIG.format(grpc=grpc, http=http, api=api, directory=f"{scratch}/spans"))
        log = Path(scratch) / "log"
        with open(log, "wb") as written:
            gateway = subprocess.Popen([binary, "--config", config], stdout=written, stderr=written)
        try:
            send(f"http://127.0.0.1:{http}/v1/traces")
            url = f"http://127.0.0.1:{api}"
            faults = [*mackerel(url), *asyncio.run(traceloop(url)), *phoenix(url)]
        finally:
            gateway.terminate()
            gateway.wait(STOP_SECONDS)
        if faults:
            print(log.read_text(errors="replace")[-2000:])
    for fault in faults:
        print(fault)
    print(f"{TRACES} traces read by Mackerel's Go client and Traceloop's backend, and 25 spans by Phoenix's client")
    return 1 if faults else 0


# === what is sent ===


def trace_id(number):
    return f"{number + 1:032x}"


def span_id(number):
    return f"{number + 1:016x}"


def attributes(members):
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in members.items()]


def span(number, millis, kind, name, parent, members):
    start = START * 10**9 + number // 2 * 10**9
    return {
        "traceId": trace_id(number // 2),
        "spanId": span_id(number),
        "parentSpanId": parent,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + millis * 10**6),
        "attributes": attributes(members),
    }


def spans():
    for trace in range(TRACES):
        server = {"http.request.method": "GET", "http.route": "/cart", "http.response.status_code": 500, "number": trace}
        yield span(2 * trace, trace + 1, 2, "request", "", server)
        client = {"db.query.text": "SELECT 1", "gen_ai.system": "openai", "gen_ai.request.model": f"m{trace % 2}"}
        client |= {"gen_ai.usage.total_tokens": 10, "traceloop.workflow.name": "plan"}
        yield span(2 * trace + 1, 1, 3, "ask", span_id(2 * trace), client)


def send(url):
    resource = {"service.name": "shop", "deployment.environment.name": "production"}
    scope = {"scope": {"name": "clients"}, "spans": list(spans())}
    body = {"resourceSpans": [{"resource": {"attributes": attributes(resource)}, "scopeSpans": [scope]}]}
    unnamed = {"spans": [span(2 * UNNAMED, 1, 2, "request", "", {})]}
    body["resourceSpans"].append({"resource": {"attributes": attributes({"service.name": "bare"})}, "scopeSpans": [unnamed]})
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# === who reads ===


def mackerel(url):
    command = ["go", "run", ".", url, "shop", str(START), str(START + 600)]
    ran = subprocess.run(command, cwd=HERE / "mackerel", capture_output=True, text=True, timeout=120)
    if ran.returncode != 0:
        return [f"mackerel: {ran.stderr}"]
    seen = json.loads(ran.stdout)
    newest_first = [trace_id(number) for number in reversed(range(TRACES))]
    row = {
        "traceId": trace_id(4),
        "serviceName": "shop",
        "serviceNamespace": "",
        "environment": "production",
        "title": "GET /cart",
        "traceStartAt": START + 4,
        "traceLatencyMillis": 5,
        "serviceStartAt": START + 4,
        "serviceLatencyMillis": 5,
    }
    trace = seen["trace"]["spans"]
    http, queries = seen["http"]["results"], seen["queries"]["results"]
    return differences("mackerel", [
        ("all pages", [row["traceId"] for row in seen["walked"]], newest_first),
        ("filtered", [row["traceId"] for row in seen["found"]], [trace_id(number) for number in range(4, 10)]),
        ("a row", seen["found"][0], row),
        ("spans of a trace", [span["spanId"] for span in trace], [span_id(8), span_id(9)]),
        ("a parent", [span.get("parentSpanId") for span in trace], [None, span_id(8)]),
        ("a whole number", trace[0]["attributes"][3]["value"], {"valueType": "int", "intValue": 4}),
        ("requests", [(row["route"], row["requestCount"], row["errorRatePercentage"]) for row in http], [("/cart", TRACES, 100)]),
        ("queries", [(row["query"], row["executionCount"]) for row in queries], [("SELECT 1", TRACES)]),
        ("a missing trace", seen["missing"]["StatusCode"], 404),
        ("a refused request", (seen["refused"]["StatusCode"], "`from` 2" in seen["refused"]["Message"]), (400, True)),
    ])


async def traceloop(url):
    backend = TraceloopBackend(url, api_key="key", environments=["production"])
    range_of_time = {
        "start_time": datetime.fromtimestamp(START),
        "end_time": datetime.fromtimestamp(START) + timedelta(minutes=10),
        "limit": 1000,
    }
    equals = {"operator": FilterOperator.EQUALS, "value_type": FilterType.STRING}
    model = Filter(field="gen_ai.request.model", value="m1", **equals)
    slow = Filter(field="duration", operator=FilterOperator.GT, value=20, value_type=FilterType.NUMBER)
    async with backend:
        health = await backend.health_check()
        traces = await backend.search_traces(TraceQuery(**range_of_time))
        slowest = await backend.search_traces(TraceQuery(filters=[slow], **range_of_time))
        found = await backend.search_spans(SpanQuery(filters=[model], **range_of_time))
        trace = await backend.get_trace(trace_id(3))
        services = await backend.list_services()
        operations = await backend.get_service_operations("shop")
        try:
            await backend.get_trace(trace_id(999))
            missing = "found"
        except ValueError:
            missing = "missing"
    async with TraceloopBackend(url, api_key="key") as by_default:
        unnamed = await by_default.search_traces(TraceQuery(**range_of_time))
    asked = trace.spans[1]
    return differences("traceloop", [
        ("health", health.status, "healthy"),
        ("traces", [one.trace_id for one in traces], [trace_id(number) for number in reversed(range(TRACES))]),
        ("a trace's service", traces[0].service_name, "shop"),
        ("slow traces", len(slowest), 10),
        ("spans of a model", {one.trace_id for one in found}, {trace_id(number) for number in range(1, TRACES, 2)}),
        ("a trace", [one.span_id for one in trace.spans], [span_id(6), span_id(7)]),
        ("a parent", asked.parent_span_id, span_id(6)),
        ("a vendor", asked.attributes.gen_ai_system, "openai"),
        ("tokens", asked.attributes.gen_ai_usage_total_tokens, 10),
        ("services", services, ["shop"]),
        # What the backend makes of the answer: the names of its members.
        ("workflows", operations, ["workflows"]),
        ("a missing trace", missing, "missing"),
        ("traces by default", [one.trace_id for one in unnamed], [trace_id(UNNAMED)]),
    ])


def phoenix(url):
    node, lock = CACHE / "node-phoenix", "package-lock.json"
    installed = node / "installed.json"
    if not installed.exists() or not filecmp.cmp(HERE / "phoenix" / lock, installed, shallow=False):
        node.mkdir(parents=True, exist_ok=True)
        for name in ["package.json", lock]:
            shutil.copy(HERE / "phoenix" / name, node)
        subprocess.run(["npm", "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=node, check=True)
        shutil.copy(node / lock, installed)
    shutil.copy(HERE / "phoenix/read.mjs", node)
    ran = subprocess.run(["node", "read.mjs", url], cwd=node, capture_output=True, text=True, timeout=120)
    return [f"phoenix: {ran.stderr}"] if ran.returncode != 0 else []


def differences(client, expectations):
    return [f"{client}: {what}: {found!r}, not {wanted!r}" for what, found, wanted in expectations if found != wanted]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
