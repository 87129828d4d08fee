"""What Kafka costs: the gateways as producers and as consumers of one broker's topics.

Every producer's run has a topic of its own with six partitions. All are to wait for all replicas (`acks=all`), to be
idempotent, to compress with lz4, and may put a whole batch of theirs into a message. What a producer delivered is read
from the topic afterwards, by a client that is none of ours, and counted by the sink. A consumer takes a topic from its
beginning, with a group of its own, until all is committed; what it costs to start, on a topic with nothing in it, is
taken off.

With keys the Collector has a message for every trace. Spanway has one for every partition, with the key of one of the
traces in it, and is measured a second time with as many messages as the Collector. rotel has no keys for spans and no
receiver for Kafka, and is left out there.
"""

import site
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass, replace
from typing import Any

from measure import Load, Tools, control, cpu_seconds, peak_rss_mib, running
from peers import CACHE, HERE, Peer, Rotel, Setup, say

BROKER = HERE.parent.parent / "tests/kafka"

PRODUCER = """\
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
  kafka:
    brokers: [{brokers}]
    traces:
      topic: {topic}
      encoding: otlp_proto
    partition_traces_by_id: {keyed}
{more}\
    producer:
      compression: lz4
      required_acks: -1
      max_message_bytes: {message_bytes}
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [kafka]
"""

# The receiver for OTLP stands by, so that a started gateway is known as everywhere else.
CONSUMER = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {listen}
  kafka:
    brokers: [{brokers}]
    group_id: {group}
    initial_offset: earliest
    traces:
      topics: [{topic}]
      encoding: otlp_proto
    message_marking:
      after: {after}
processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 1024
  batch:
exporters:
  nop:
service:
  pipelines:
    traces:
      receivers: [otlp, kafka]
      processors: [memory_limiter, batch]
      exporters: [nop]
"""

TELEMETRY = """\
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

# What is filled into a topic for the consumers.
CONSUMED_SPANS = 2_000_000
# How long a producer may go without delivering while spans are missing: longer than the Collector waits to retry.
QUIET_SECONDS = 10
CONSUME_SECONDS = 120
# From the last commit, or the first assignment, until a gateway has nothing to do any more.
SETTLE_SECONDS = 0.5
POLL_SECONDS = 0.05


@dataclass
class Producer(Peer):
    """A gateway that writes what it takes to a topic. `more` are settings of its exporter that only it has."""

    keyed: bool = False
    more: str = ""
    topic: Any = None

    def config(self, setup: Setup) -> str:
        from kafka_topic import MESSAGE_BYTES

        return (PRODUCER + TELEMETRY).format(
            listen=setup.listen,
            metrics_port=setup.metrics_port,
            brokers=self.topic.bootstrap,
            topic=self.topic.name,
            keyed=str(self.keyed).lower(),
            more=self.more,
            message_bytes=MESSAGE_BYTES,
        )


@dataclass
class RotelProducer(Rotel):
    topic: Any = None

    def exporter(self, setup: Setup) -> list[str]:
        from kafka_topic import MESSAGE_BYTES

        flags = ["--exporter", "kafka", "--kafka-exporter-brokers", self.topic.bootstrap]
        flags += ["--kafka-exporter-traces-topic", self.topic.name, "--kafka-exporter-format", "protobuf"]
        flags += ["--kafka-exporter-compression", "lz4", "--kafka-exporter-acks", "all"]
        # The others' clients are idempotent when they wait for all replicas.
        flags += ["--kafka-exporter-custom-config", "enable.idempotence=true"]
        return flags + ["--kafka-exporter-max-message-bytes", str(MESSAGE_BYTES)]


@dataclass
class Consumer(Peer):
    """A gateway that reads a topic. With `after` a message is done when the pipeline has it, else when it is read."""

    after: bool = False
    topic: Any = None
    group: str = ""
    metrics_port: int = 0

    def start(self, setup: Setup, log) -> subprocess.Popen:
        self.metrics_port = setup.metrics_port
        return super().start(setup, log)

    def config(self, setup: Setup) -> str:
        return (CONSUMER + TELEMETRY).format(
            listen=setup.listen,
            metrics_port=setup.metrics_port,
            brokers=self.topic.bootstrap,
            topic=self.topic.name,
            group=self.group,
            after=str(self.after).lower(),
        )

    def accepted(self) -> int:
        """Spans that its receiver for Kafka says it has taken."""
        with urllib.request.urlopen(f"http://localhost:{self.metrics_port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        wanted = [line for line in lines if line.startswith("otelcol_receiver_accepted_spans")]
        return int(sum(float(line.rsplit(" ", 1)[1]) for line in wanted if 'receiver="kafka"' in line))


def require():
    """Makes kafka-python and the broker of tests/kafka importable."""
    venv = CACHE / "kafka"
    marker, requirements = venv / "requirements.txt", BROKER / "requirements.txt"
    if not marker.exists() or marker.read_text() != requirements.read_text():
        say("installing a client for Kafka")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", "-r", requirements], check=True)
        marker.write_text(requirements.read_text())
    (packages,) = venv.glob("lib/*/site-packages")
    site.addsitedir(str(packages))
    sys.path.append(str(BROKER))


def measure(tools: Tools, sink: dict, peers: list[Peer], loads: dict, repeats: int, turns) -> dict:
    """Raw runs, by case and gateway."""
    require()
    from kafka_topic import one_broker

    with one_broker() as cluster:
        return {
            "produced": measure_producers(tools, sink, cluster, peers, loads, repeats, turns),
            "consumed": measure_consumers(tools, sink, cluster, peers, repeats, turns),
        }


def measure_producers(tools: Tools, sink: dict, cluster, peers: list, loads: dict, repeats: int, turns) -> dict:
    # What keys cost is in the splitting, whatever the size of the requests: the first is enough.
    cases = [(size, False) for size in loads] + [(next(iter(loads)), True)]
    result = {}
    for size, keyed in cases:
        title = f"{size} spans a request, {'keyed by trace id' if keyed else 'unkeyed'}"
        run = lambda peer: produced(tools, sink, cluster, peer, loads[size])
        runs = turns(repeats, producers(peers, keyed), f"kafka, {title}", run)
        result[title] = {"spans_per_request": size, "keyed": keyed, "runs": runs}
    return result


def measure_consumers(tools: Tools, sink: dict, cluster, peers: list, repeats: int, turns) -> dict:
    from kafka_topic import Topic

    able = consumers(peers)
    result = {}
    for keyed in (False, True) if able else ():
        # The Collector fills the topic, as it does in most places where one is read.
        known = {peer.name: peer for peer in producers(peers, keyed)}
        by = known.get("collector") or next(iter(known.values()))
        with Topic(cluster) as topic, Topic(cluster) as empty:
            filled = fill(tools, sink, by, topic)
            title = f"{filled['spans_per_message']:.0f} spans a message, filled by {by.name}"
            runs = turns(repeats, able, f"kafka, {title}", lambda peer: consumed(peer, topic, empty, filled["spans"]))
            result[title] = filled | {"runs": runs}
    return result


def producers(peers: list[Peer], keyed: bool) -> list[Peer]:
    found = []
    for peer in peers:
        known = (peer.name, peer.program, peer.gzip_level)
        if peer.name != "rotel":
            found.append(Producer(*known, keyed))
        elif not keyed:
            found.append(RotelProducer(*known))
        if peer.name == "spanway" and keyed:
            name = f"{peer.name}, a message a trace"
            found.append(Producer(name, *known[1:], keyed, more="    message_per_trace: true\n"))
    return found


def consumers(peers: list[Peer]) -> list[Consumer]:
    """Each marking messages when it reads them, the Collector's default, and when the pipeline has them."""
    able = [peer for peer in peers if peer.name != "rotel"]
    kinds = [("", False), (", marking after", True)]
    return [Consumer(peer.name + what, peer.program, peer.gzip_level, after) for what, after in kinds for peer in able]


def produced(tools: Tools, sink: dict, cluster, peer: Peer, load: Load) -> dict:
    """As fast as answers come, into a topic: CPU a span until the last is delivered, and whether all are in it."""
    from kafka_topic import Topic

    acknowledged_ids = CACHE / "acknowledged.json"
    with Topic(cluster) as topic, running(replace(peer, topic=topic)) as (process, endpoint):
        control(sink, "DELETE", "/stats")
        warm_up = tools.load(endpoint, load, "--duration", "1s")
        delivered(topic, sink, process.pid, warm_up["spans_acknowledged"])
        control(sink, "DELETE", "/stats")
        size, before = topic.bytes(), cpu_seconds(process.pid)
        report = tools.load(
            endpoint, load, "--duration", f"{tools.seconds}s", "--acknowledged-ids", str(acknowledged_ids)
        )
        answered_at = time.monotonic()
        arrived = delivered(topic, sink, process.pid, report["spans_acknowledged"])
        missing = control(sink, "POST", "/missing", acknowledged_ids.read_bytes())
        spans, stats = max(report["spans_acknowledged"], 1), arrived["stats"]
        answered = report["attempts"] - sum(report["attempts_failed"].values())
        drain = max(arrived["grown_at"] - answered_at, 0)
        return {
            "cpu_us_per_span": (arrived["cpu"] - before) / spans * 1e6,
            "spans_per_second": report["spans_per_second"],
            "through_per_second": spans / (report["elapsed_seconds"] + drain),
            "peak_rss_mib": peak_rss_mib(process.pid),
            "spans_acknowledged": report["spans_acknowledged"],
            "spans_missing": missing["missing"],
            "spans_duplicated": stats["duplicates"],
            "attempts_refused": report["attempts_refused"],
            "attempts_failed": report["attempts_failed"],
            "bytes_in_per_span": report["bytes_answered"] / max(answered * load.spans_per_request, 1),
            "bytes_out_per_span": (topic.bytes() - size) / max(stats["spans"], 1),
            "spans_per_request_out": stats["spans"] / max(arrived["messages"], 1),
            "messages_keyed": arrived["keyed"] / max(arrived["messages"], 1),
            "compression_out": ["lz4"],
            "latency_ms": report["latency_ms"],
        }


def delivered(topic, sink: dict, pid: int, spans: int) -> dict:
    """What is in the topic once these spans are, or once nothing new has come for long; and the CPU taken till then."""
    counts, quiet_since, grown_at = {"messages": 0, "keyed": 0}, time.monotonic(), None
    while True:
        still_since = topic.wait_until_still()
        cpu = cpu_seconds(pid)
        new = topic.read_into(sink)
        counts = {name: count + new[name] for name, count in counts.items()}
        if new["messages"]:
            quiet_since, grown_at = time.monotonic(), still_since
        stats = control(sink, "GET", "/stats")
        if stats["distinct"] >= spans or time.monotonic() > quiet_since + QUIET_SECONDS:
            return counts | {"stats": stats, "cpu": cpu, "grown_at": grown_at or still_since}


def fill(tools: Tools, sink: dict, peer: Producer, topic) -> dict:
    """Fills a topic through a gateway; returns how many spans are in it, in how many messages."""
    say(f"kafka: {peer.name} fills a topic with {CONSUMED_SPANS:,} spans, {'keyed' if peer.keyed else 'unkeyed'}")
    with running(replace(peer, topic=topic)) as (process, endpoint):
        control(sink, "DELETE", "/stats")
        report = tools.load(endpoint, Load(512, 32, 4, False), "--spans", str(CONSUMED_SPANS))
        arrived = delivered(topic, sink, process.pid, report["spans_acknowledged"])
    spans = arrived["stats"]["spans"]
    return {"spans": spans, "spans_per_message": spans / max(arrived["messages"], 1), "keyed": peer.keyed}


def consumed(peer: Consumer, topic, empty, spans: int) -> dict:
    """A topic from its beginning to its end: CPU a span, without what it costs to start."""
    starting = read(peer, empty, 0)
    reading = read(peer, topic, spans)
    return {
        "cpu_us_per_span": (reading["cpu"] - starting["cpu"]) / spans * 1e6,
        "start_cpu_seconds": starting["cpu"],
        "spans_per_second": spans / reading["seconds"],
        "peak_rss_mib": reading["peak_rss_mib"],
        "spans": spans,
        "spans_accepted": reading["accepted"],
    }


def read(peer: Consumer, topic, spans: int) -> dict:
    """The gateway, from its start until it has committed the whole topic, or until it has its partitions."""
    peer = replace(peer, topic=topic, group=f"bench-{uuid.uuid4().hex[:8]}")
    with running(peer) as (process, _):
        started = time.monotonic()
        deadline = started + CONSUME_SECONDS
        while not done(topic, peer.group, spans) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - started
        time.sleep(SETTLE_SECONDS)
        return {
            "cpu": cpu_seconds(process.pid),
            "seconds": seconds,
            "peak_rss_mib": peak_rss_mib(process.pid),
            "accepted": peer.accepted(),
        }


def done(topic, group: str, spans: int) -> bool:
    return topic.lag(group) == 0 if spans else topic.has_members(group)
