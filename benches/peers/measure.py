"""One measurement: load through a gateway into the sink, and what that cost the gateway."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers import CACHE, Edits, Peer, Setup

# How long a gateway may take to start, and to hand over what it has acknowledged.
START_SECONDS = 30
DRAIN_SECONDS = 30
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """How the generator sends. `in_flight` requests saturate a gateway on two cores."""

    spans_per_request: int
    in_flight: int
    connections: int
    gzip: bool

    @property
    def compression(self) -> str:
        return "gzip" if self.gzip else "none"


@dataclass
class Tools:
    """The program with `load` and `sink`, and how long to load."""

    program: Path
    seconds: float

    def load(self, endpoint: str, load: Load, *more: str) -> dict:
        command = [self.program, "load", "--json", "--endpoint", endpoint]
        command += ["--spans-per-request", load.spans_per_request, "--in-flight", load.in_flight]
        command += ["--connections", load.connections, "--compression", load.compression, *more]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    @contextmanager
    def sink(self):
        """A sink that counts distinct spans; yields its addresses."""
        command = [self.program, "sink", *"--grpc localhost:0 --http localhost:0 --control localhost:0".split()]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait()


def control(sink: dict, method: str, path: str, body: bytes | None = None) -> dict:
    request = urllib.request.Request(f"http://{sink['control']}{path}", data=body, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def written_bytes(pid: int) -> int:
    """Bytes that a process had the system write to a disk, in whole pages; what the file system adds is not in it."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def peak_rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def running(
    peer: Peer,
    compression: str = "none",
    sink: str | None = None,
    directory: Path | None = None,
    edits: Edits | None = None,
):
    """The gateway, started afresh; yields its process and its address."""
    port = free_port()
    setup = Setup(f"127.0.0.1:{port}", free_port(), compression, sink, directory, edits)
    with open(CACHE / f"{peer.name}.log", "w") as log:
        process = peer.start(setup, log)
        try:
            wait_for_port(peer, process, port)
            yield process, setup.listen
        finally:
            process.terminate()
            try:
                process.wait(timeout=START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_port(peer: Peer, process: subprocess.Popen, port: int):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    said = (CACHE / f"{peer.name}.log").read_text()[-2000:]
    raise SystemExit(f"{peer.name} did not start:\n{said}")


def saturate(
    tools: Tools, sink: dict, peer: Peer, load: Load, directory: Path | None = None, edits: Edits | None = None
) -> dict:
    """As fast as answers come: CPU a span, peak memory, and whether all that was acknowledged arrived.

    With `edits` the gateway has these processors between.
    """
    acknowledged_ids = CACHE / "acknowledged.json"
    with running(peer, load.compression, sink["grpc"], directory, edits) as (process, endpoint):
        control(sink, "DELETE", "/stats")
        warm_up = tools.load(endpoint, load, "--duration", "1s")
        drained(sink, warm_up["spans_acknowledged"])
        control(sink, "DELETE", "/stats")
        before, written = cpu_seconds(process.pid), written_bytes(process.pid)
        report = tools.load(
            endpoint, load, "--duration", f"{tools.seconds}s", "--acknowledged-ids", str(acknowledged_ids)
        )
        answered_at = time.monotonic()
        stats = drained(sink, report["spans_acknowledged"])
        drain = time.monotonic() - answered_at
        cpu, written = cpu_seconds(process.pid) - before, written_bytes(process.pid) - written
        missing = control(sink, "POST", "/missing", acknowledged_ids.read_bytes())
        spans = max(report["spans_acknowledged"], 1)
        answered = report["attempts"] - sum(report["attempts_failed"].values())
        return {
            "cpu_us_per_span": cpu / spans * 1e6,
            "spans_per_second": report["spans_per_second"],
            "through_per_second": spans / (report["elapsed_seconds"] + drain),
            "written_bytes_per_span": written / spans,
            "peak_rss_mib": peak_rss_mib(process.pid),
            "spans_acknowledged": report["spans_acknowledged"],
            "spans_missing": missing["missing"],
            "spans_distinct": stats["distinct"],
            "spans_duplicated": stats["duplicates"],
            "attempts_refused": report["attempts_refused"],
            "attempts_failed": report["attempts_failed"],
            "bytes_in_per_span": report["bytes_answered"] / max(answered * load.spans_per_request, 1),
            "bytes_out_per_span": stats["bytes"] / max(stats["spans"], 1),
            "spans_per_request_out": stats["spans"] / max(stats["requests"], 1),
            "compression_out": sorted(stats["requests_by_compression"]),
            "latency_ms": report["latency_ms"],
        }


def drained(sink: dict, spans: int) -> dict:
    """The sink's counts once these spans have arrived, or once nothing has for three seconds."""
    deadline = time.monotonic() + DRAIN_SECONDS
    stats, changed = control(sink, "GET", "/stats"), time.monotonic()
    while stats["distinct"] < spans and time.monotonic() < min(deadline, changed + 3):
        time.sleep(0.05)
        now = control(sink, "GET", "/stats")
        if now["spans"] != stats["spans"]:
            changed = time.monotonic()
        stats = now
    return stats


def latency(tools: Tools, peer: Peer, load: Load, rate: int) -> dict:
    """Acknowledgement latency at a steady rate, from otlp to nop."""
    with running(peer) as (_, endpoint):
        tools.load(endpoint, load, "--duration", "1s", "--rate", str(rate))
        report = tools.load(endpoint, load, "--duration", f"{tools.seconds}s", "--rate", str(rate))
        return report["latency_ms"] | {"spans_per_second": report["spans_per_second"]}
