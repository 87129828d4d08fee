"""Spans with every field there is, through every encoding and compression."""

from compare import differences, identity
from sink import parse_json

from spans import by_identity, everything, normal_forms
from topic import decoded

ENCODINGS = {"otlp_proto": decoded, "otlp_json": lambda record: parse_json(record.value)}
# In Kafka's order: a batch of records has the number in its header.
COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"]
ARRIVE_SECONDS = 30


def written_by_the_gateway(lab):
    """What the exporter writes is read from the topic span by span, by a client that is not ours."""
    request = everything()
    topics = names()
    for topic in topics:
        lab.cluster.create_topic(topic)
    lab.gateway("writer", writer(lab.cluster.bootstrap, topics)).send(request)
    for topic, (encoding, compression) in topics.items():
        requests = [ENCODINGS[encoding](record) for record in lab.topic(topic).read()]
        faults = differences(normal_forms([request]), by_identity(requests))
        assert not faults, f"{topic}: {faults}"
        written_as = compression_on_disk(lab.cluster, topic)
        assert written_as == compression, f"{topic} is written with {written_as}"
    return f"{len(topics)} ways"


def read_by_the_gateway(lab):
    """What lies in the topics is handed on by the receiver span by span; written by the gateway before."""
    sent = normal_forms([everything()])
    sinks = {topic: lab.sink() for topic in names()}
    lab.gateway("reader", reader(lab.cluster.bootstrap, sinks))
    for topic, sink in sinks.items():
        sink.wait_for({identity(span) for span in sent}, ARRIVE_SECONDS)
        faults = differences(sent, sink.drain())
        assert not faults, f"{topic}: {faults}"
    return f"{len(sinks)} ways"


TESTS = [written_by_the_gateway, read_by_the_gateway]


def names():
    """Every topic with its encoding and compression."""
    pairs = [(encoding, compression) for encoding in ENCODINGS for compression in COMPRESSIONS]
    return {f"roundtrip-{encoding}-{compression}": (encoding, compression) for encoding, compression in pairs}


def writer(bootstrap, topics):
    """One gateway that sends the same spans to all topics."""
    exporters = {
        f"kafka/{topic}": {
            "brokers": bootstrap.split(","),
            "traces": {"topic": topic, "encoding": encoding},
            "producer": {"compression": compression},
        }
        for topic, (encoding, compression) in topics.items()
    }
    return {"receivers": {"otlp": {}}, "exporters": exporters}


def reader(bootstrap, sinks):
    """One gateway with a pipeline for each topic, to a sink of its own."""
    receivers = {
        f"kafka/{topic}": {
            "brokers": bootstrap.split(","),
            "traces": {"topics": [topic], "encoding": encoding},
            "group_id": topic,
            "initial_offset": "earliest",
        }
        for topic, (encoding, _) in names().items()
    }
    exporters = {
        f"otlp_http/{topic}": {"endpoint": f"http://127.0.0.1:{sink.http_port}"} for topic, sink in sinks.items()
    }
    pipelines = {
        f"traces/{topic}": {"receivers": [f"kafka/{topic}"], "exporters": [f"otlp_http/{topic}"]} for topic in sinks
    }
    return {"receivers": receivers, "exporters": exporters, "pipelines": pipelines}


def compression_on_disk(cluster, topic):
    """How the first batch of the topic is compressed, by the header in the broker's file."""
    (segment,) = (cluster.directory / "broker-1" / f"{topic}-0").glob("*.log")
    attributes = int.from_bytes(segment.read_bytes()[21:23], "big")
    return COMPRESSIONS[attributes & 0b111]
