"""The store's files are open to others: DuckDB and Polars read in them what was sent. read.py BINARY."""

import base64
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import duckdb
import polars

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sdk"))
from gateway import Gateway, NotHealthy

SPANS = 5000
PER_REQUEST = 500
PATIENCE_SECONDS = 60
START = 1_790_000_000_000_000_000

EXPORTER = ("store", "store: {{directory: '{directory}', segment: {{max_spans: 2000, max_age: 1s}}}}")


def main(binary):
    with tempfile.TemporaryDirectory(prefix="spanway-segments-") as scratch, ExitStack() as stack:
        directory = Path(scratch) / "spans"
        gateway = Gateway("store", binary, EXPORTER, {"directory": directory}, Path(scratch))
        stack.callback(gateway.stop)
        try:
            gateway.wait_until_healthy()
        except NotHealthy as fault:
            return str(fault)
        for first in range(0, SPANS, PER_REQUEST):
            send(gateway.ports["http"], first)
        files = directory / "segments" / "*.parquet"
        wait_until_written(files)
        faults = [*by_duckdb(files), *by_polars(files), *by_command(binary, directory)]
    for fault in faults:
        print(fault)
    print(f"{SPANS} spans read by DuckDB {duckdb.__version__}, Polars {polars.__version__} and the command line")
    return 1 if faults else 0


# === what is sent ===


def trace_id(number):
    return f"{number // 10 + 1:032x}"


def span_id(number):
    return f"{number + 1:016x}"


def service(number):
    return f"service-{number // PER_REQUEST % 3}"


def attributes(number):
    """Common ones, which get columns of their own; one that is rare; one whose type changes; one that nests."""
    found = [
        ("http.request.method", {"stringValue": ["GET", "POST"][number % 2]}),
        ("http.response.status_code", {"intValue": str(200 + number % 7)}),
        ("ratio", {"doubleValue": number / 8}),
        ("cached", {"boolValue": number % 3 == 0}),
        ("mixed", {"intValue": str(number)} if number % 10 else {"stringValue": f"text {number}"}),
    ]
    if number % 1000 == 7:
        found.append(("rare", {"stringValue": f"rare {number}"}))
        found.append(("payload", {"bytesValue": base64.b64encode(bytes([number % 256, 0])).decode()}))
        found.append(("tags", {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}))
    return found


def span(number):
    sent = {
        "traceId": trace_id(number),
        "spanId": span_id(number),
        "name": f"operation {number % 11}",
        "kind": 1 + number % 5,
        "startTimeUnixNano": str(START + number * 1_000_000),
        "endTimeUnixNano": str(START + number * 1_000_000 + number * 1000 - 50_000),
        "attributes": [{"key": key, "value": value} for key, value in attributes(number)],
    }
    if number % 10:
        sent["parentSpanId"] = span_id(number // 10 * 10)
    if number % 100 == 0:
        sent["status"] = {"code": 2, "message": "failed"}
        sent["events"] = [{"timeUnixNano": str(START), "name": "exception"}]
    return sent


def send(port, first):
    name = [{"key": "service.name", "value": {"stringValue": service(first)}}]
    spans = [span(number) for number in range(first, first + PER_REQUEST)]
    request = {"resourceSpans": [{"resource": {"attributes": name}, "scopeSpans": [{"spans": spans}]}]}
    body = json.dumps(request).encode()
    headers = {"Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}/v1/traces"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        assert answer.status == 200


def wait_until_written(files):
    """The last spans go into a file a second after they came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            ((count,),) = duckdb.sql(f"SELECT count(*) FROM read_parquet('{files}', union_by_name = true)").fetchall()
        except duckdb.IOException:
            count = 0
        if count == SPANS:
            return
        assert time.monotonic() < deadline, f"{count} of {SPANS} spans are in files"
        time.sleep(0.1)


# === what is read ===


def by_duckdb(files):
    """Every column of every span."""
    columns = f"SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet('{files}', union_by_name = true))"
    own = {name.removeprefix("attributes.") for (name,) in duckdb.sql(columns).fetchall() if name.startswith("attributes.")}
    if not {"http.request.method", "http.response.status_code", "ratio", "cached", "mixed"} <= own or "rare" in own:
        yield f"the attributes with columns of their own are {sorted(own)}"
    selected = ", ".join(f'"attributes.{key}"' for key in sorted(own))
    rows = duckdb.sql(
        f"""
        SELECT lower(hex(trace_id)), lower(hex(span_id)), lower(hex(parent_span_id)), name, kind, epoch_ns(start_time),
            duration_nano, status_code, status_message, service_name, events->>'$[0].name', project, other_attributes, {selected}
        FROM read_parquet('{files}', union_by_name = true) ORDER BY number
        """
    ).fetchall()
    for number, row in enumerate(rows):
        failed = number % 100 == 0
        expected = (
            trace_id(number),
            span_id(number),
            span_id(number // 10 * 10) if number % 10 else None,
            f"operation {number % 11}",
            1 + number % 5,
            START + number * 1_000_000,
            number * 1000 - 50_000,
            2 if failed else 0,
            "failed" if failed else "",
            service(number),
            "exception" if failed else None,
            "default",
        )
        if row[:12] != expected:
            yield f"span {number}: {row[:12]} instead of {expected}"
        found = {key: value for key, value in zip(sorted(own), row[13:]) if value is not None}
        found |= {other["key"]: other["value"] for other in row[12]}
        if found != dict(plain(number, own)):
            yield f"span {number}: {found} instead of {dict(plain(number, own))}"


def plain(number, own):
    """The attributes as the columns show them."""
    for key, value in attributes(number):
        ((kind, content),) = value.items()
        if key in own and key != "mixed":
            yield key, int(content) if kind == "intValue" else content
        elif key == "mixed":
            yield key, int(content) if kind == "intValue" else content
        elif kind == "arrayValue":
            yield key, json.dumps(value, separators=(",", ":"))
        else:
            yield key, content


def by_polars(files):
    """Counts and sums."""
    rows = polars.scan_parquet(files, missing_columns="insert", extra_columns="ignore").collect()
    found = (rows.height, rows["name"].n_unique(), rows["duration_nano"].sum(), rows["number"].n_unique())
    expected = (SPANS, 11, sum(number * 1000 - 50_000 for number in range(SPANS)), SPANS)
    if found != expected:
        yield f"Polars: {found} instead of {expected}"


def by_command(binary, directory):
    """The command line agrees."""
    command = [binary, "query", "--directory", directory, "--json", "values", "http.request.method"]
    values = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    expected = [{"value": "GET", "spans": SPANS // 2}, {"value": "POST", "spans": SPANS // 2}]
    if values != expected:
        yield f"the command line: {values} instead of {expected}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
