"""What each gateway is: how to get it, how to configure it, how to start it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE / ".cache"

# One configuration for every gateway that reads the Collector's YAML.
YAML = """\
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
{edits}\
exporters:
  otlp:
    endpoint: {sink}
    compression: {compression}
    tls:
      insecure: true
  nop:
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, {names}batch]
      exporters: [{exporter}]
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

@dataclass(frozen=True)
class Edits:
    """Processors to put between: their configuration, as it stands below `processors`, and their names in order."""

    yaml: str
    names: tuple[str, ...]


@dataclass
class Setup:
    """One way to run a gateway. `sink` is where it exports to; none means that it swallows what it gets.

    `directory` is where it may keep spans, when its configuration has it do so.
    """

    listen: str
    metrics_port: int
    compression: str = "none"
    sink: str | None = None
    directory: Path | None = None
    edits: Edits | None = None


@dataclass
class Peer:
    """A gateway: its name, where its program is, and what its output compression is known to be."""

    name: str
    program: Path
    gzip_level: str

    def version(self) -> str:
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def config(self, setup: Setup) -> str:
        return YAML.format(
            listen=setup.listen,
            metrics_port=setup.metrics_port,
            compression=setup.compression,
            sink=setup.sink or "localhost:1",
            exporter="otlp" if setup.sink else "nop",
            edits=setup.edits.yaml if setup.edits else "",
            names="".join(f"{name}, " for name in setup.edits.names) if setup.edits else "",
        )

    def start(self, setup: Setup, log) -> subprocess.Popen:
        config = CACHE / f"{self.name}.yaml"
        config.write_text(self.config(setup))
        return subprocess.Popen([self.program, "--config", config], stdout=log, stderr=log)


class Rotel(Peer):
    """Takes flags, batches by itself (8192 spans, 200 ms, as the others), and has no memory limiter."""

    def start(self, setup: Setup, log) -> subprocess.Popen:
        command = [self.program, "start", "--otlp-grpc-endpoint", setup.listen]
        command += ["--otlp-http-endpoint", f"localhost:{setup.metrics_port}"]
        command += self.exporter(setup)
        return subprocess.Popen(command, stdout=log, stderr=log)

    def exporter(self, setup: Setup) -> list[str]:
        if not setup.sink:
            return ["--exporter", "blackhole"]
        flags = ["--exporter", "otlp", "--otlp-exporter-endpoint", f"http://{setup.sink}"]
        return flags + ["--otlp-exporter-compression", setup.compression]


def collector() -> Peer:
    """The OpenTelemetry Collector, built from the modules that collector/go.mod pins."""
    program, source = CACHE / "otelcol", HERE / "collector"
    inputs = [source / name for name in ("main.go", "go.mod", "go.sum")]
    if not program.exists() or program.stat().st_mtime < max(path.stat().st_mtime for path in inputs):
        say("building the Collector (a few minutes)")
        env = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-p=1"}
        build = ["nice", "-n", "19", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "."]
        subprocess.run(build, cwd=source, env=env, check=True)
    return Peer("collector", program, "6, Go's default")


def rotel() -> Peer:
    """rotel, from its newest wheel, which carries the program."""
    venv = CACHE / "rotel"
    if not list(venv.glob("lib/*/site-packages/rotel/rotel-agent")):
        say("installing rotel")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", "--pre", "rotel"], check=True)
    (program,) = venv.glob("lib/*/site-packages/rotel/rotel-agent")
    return Rotel("rotel", program, "6, not to be chosen")


def spanway(program: Path) -> Peer:
    """This project's own binary, on the Collector's YAML as it is."""
    return Peer("spanway", program, "1")


def say(what: str):
    print(what, file=sys.stderr, flush=True)
