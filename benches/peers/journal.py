"""What durability costs: the gateways with their spans on disk, beside the disk alone.

All of them batch behind the queue (8192 spans or 200 ms), so that a request is in it when its client is answered. The
Collector is measured a second time with its `batch` processor in front of the queue: cheaper, but what is
acknowledged is then in memory only, so no limit is held against that.
"""

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from measure import Load, Tools, running, saturate
from peers import Peer, Setup, say

CONFIG = """\
{extension}\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {listen}
processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 1024
  batch:
exporters:
  otlp:
    endpoint: {sink}
    compression: {compression}
    tls:
      insecure: true
    sending_queue:
      {queue}
      block_on_overflow: true
      batch:
        flush_timeout: 200ms
        min_size: 8192
        sizer: items
service:
  extensions: [{extensions}]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [{processors}]
      exporters: [otlp]
  telemetry:
    logs:
      level: warn
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: localhost
                port: {metrics_port}
"""

EXTENSION = """\
extensions:
  file_storage:
    directory: {directory}
    fsync: {fsync}
"""

# A bare write of one record, beside which a request alone is put: Spanway's frame around the request's bytes.
FRAME = 40
# So many requests alone are sent in a round, and so many rounds, in turns with as many bare writes.
IN_A_ROUND, ROUNDS = 10, 30
MIB = 1 << 20
# Made durable at once when bandwidth is measured, and how often.
SPAN_OF_SYNC, SYNCS = 64, 8


@dataclass
class Queued(Peer):
    """A gateway whose exporter has a queue: on disk, with or without fsync, or in memory (`fsync` is none)."""

    fsync: bool | None = None
    processors: str = "memory_limiter"

    def config(self, setup: Setup) -> str:
        on_disk = self.fsync is not None
        extension = EXTENSION.format(directory=setup.directory, fsync=str(self.fsync).lower())
        return CONFIG.format(
            extension=extension if on_disk else "",
            extensions="file_storage" if on_disk else "",
            queue="storage: file_storage" if on_disk else "wait_for_result: true",
            listen=setup.listen,
            metrics_port=setup.metrics_port,
            compression=setup.compression,
            sink=setup.sink,
            processors=self.processors,
        )


def gateways(spanway: Peer | None, collector: Peer | None) -> list[Queued]:
    """The cases, of the gateways that are there."""
    found = []
    if spanway:
        ours = lambda name, fsync: Queued(f"spanway {name}", spanway.program, spanway.gzip_level, fsync)
        found += [ours("in memory", None), ours("journal", False), ours("journal, fsync", True)]
    if collector:
        theirs = (collector.program, collector.gzip_level, True)
        found.append(Queued("collector queue, fsync", *theirs))
        found.append(Queued("collector batch, queue, fsync", *theirs, processors="memory_limiter, batch"))
    return found


def measure(tools: Tools, sink: dict, peers: list[Queued], sizes: dict, repeats: int, parent: Path) -> dict:
    """Raw runs: by size and gateway, of the disk alone, and of a request alone."""
    result = {"file_system": file_system(parent), "bandwidth": [], "saturation": {}, "alone": {}}
    for size, load in sizes.items():
        runs = {peer.name: [] for peer in peers}
        for repeat in range(repeats):
            result["bandwidth"].append(bandwidth(parent))
            for peer in peers:
                say(f"journal, {size} spans a request: {peer.name}, {repeat + 1} of {repeats}")
                with storage(parent) as directory:
                    runs[peer.name].append(saturate(tools, sink, peer, load, directory))
        result["saturation"][size] = runs
    for peer in peers:
        if peer.fsync:
            say(f"a request alone: {peer.name}")
            with storage(parent) as directory:
                result["alone"][peer.name] = alone(tools, sink, peer, directory)
    return result


def alone(tools: Tools, sink: dict, peer: Queued, directory: Path) -> dict:
    """Small requests with nothing else in flight, in turns with bare writes of the same length to the same disk."""
    load = Load(8, 1, 1, False)
    bare, answered = [], []
    with running(peer, sink=sink["grpc"], directory=directory) as (_, endpoint):
        first = tools.load(endpoint, load, "--spans", str(IN_A_ROUND * 8))
        record = os.urandom(first["request_bytes"] + FRAME)
        for _ in range(ROUNDS):
            bare.append(median(durable_appends(directory / "bare", record, IN_A_ROUND)))
            answered.append(tools.load(endpoint, load, "--spans", str(IN_A_ROUND * 8))["latency_ms"]["p50"])
    return {"bare_ms": median(bare), "answered_ms": median(answered), "bytes": len(record)}


def durable_appends(path: Path, record: bytes, count: int) -> list[float]:
    """Milliseconds that each of `count` appends takes until the disk has it."""
    taken = []
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for _ in range(count):
            began = time.perf_counter()
            os.write(file, record)
            os.fdatasync(file)
            taken.append((time.perf_counter() - began) * 1e3)
    finally:
        os.close(file)
    return taken


def bandwidth(parent: Path) -> float:
    """Bytes a second that the disk takes from one writer: writes of 1 MiB, made durable at every 64 MiB."""
    block = memoryview(os.urandom(MIB))
    with storage(parent) as directory, open(directory / "bandwidth", "wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            for _ in range(SPAN_OF_SYNC):
                file.write(block)
            os.fdatasync(file.fileno())
        return SYNCS * SPAN_OF_SYNC * MIB / (time.perf_counter() - began)


@contextmanager
def storage(parent: Path):
    """A directory on that disk, removed with all that is in it."""
    directory = Path(tempfile.mkdtemp(prefix="storage-", dir=parent))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def file_system(directory: Path) -> str:
    """The type of the file system that a directory is on."""
    directory = directory.resolve()
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [mount for mount in mounts if directory.is_relative_to(mount[0])]
    return max(above, key=lambda mount: len(mount[0]))[1]


def require_disk(directory: Path):
    if not directory.is_dir():
        raise SystemExit(f"--storage-dir {directory} is no directory")
    if file_system(directory) in ("tmpfs", "ramfs"):
        raise SystemExit(f"--storage-dir {directory} is in memory, where durability costs nothing")
