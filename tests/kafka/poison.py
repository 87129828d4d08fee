"""Messages that nobody can read, among good ones."""

from spans import plain
from spanway import from_kafka
from waiting import until

GARBAGE = {
    "otlp_proto": [b"\xff" * 100, b"\n\x05abc", b'{"resourceSpans": []}', plain(3).SerializeToString()[:-5]],
    "otlp_json": [b"\xff\x00garbage", b'{"resourceSpans": [', b'{"resourceSpans": 1}', b"[]"],
}
GOOD = {
    "otlp_proto": lambda number: plain(10, seed=number).SerializeToString(),
    "otlp_json": lambda number: JSON % (number + 1, number + 1),
}
JSON = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%032x","spanId":"%016x","name":"json"}]}]}]}'
COUNTER = "spanway_kafka_receiver_dead_lettered_messages"


def proto(lab):
    """Garbage among otlp_proto messages is put aside byte for byte, and what follows it arrives."""
    return put_aside(lab, "otlp_proto", 10)


def json(lab):
    """Garbage among otlp_json messages is put aside byte for byte, and what follows it arrives."""
    return put_aside(lab, "otlp_json", 1)


TESTS = [proto, json]


def put_aside(lab, encoding, spans_per_message):
    name = f"poison-{encoding}"
    lab.cluster.create_topic(name, 2)
    topic = lab.topic(name)
    garbage = [{"value": value, "partition": number % 2} for number, value in enumerate(GARBAGE[encoding])]
    # A message without a value, as compaction leaves it, holds no spans and is no garbage.
    tombstones = [{"value": None, "key": b"gone", "partition": partition} for partition in range(2)]
    good = [{"value": GOOD[encoding](number), "partition": number % 2} for number in range(6)]
    offsets = topic.write([*good[:2], *garbage, *tombstones, *good[2:]])[2 : 2 + len(garbage)]
    wanted = {
        f"{name}-{record['partition']}-{offset}.bin": record["value"] for record, offset in zip(garbage, offsets)
    }

    dead_letters = lab.directory / "dead letters"
    sink = lab.counting_sink()
    settings = {"group_id": name, "dead_letters": {"directory": str(dead_letters)}, "traces": {"encoding": encoding}}
    gateway = lab.gateway("reader", from_kafka(lab.cluster.bootstrap, [name], sink.url, **settings))
    until(
        lambda: sink.stats()["distinct"] == len(good) * spans_per_message,
        lambda: f"{sink.stats()['distinct']} spans arrived, not {len(good) * spans_per_message}",
    )
    until(lambda: kept(dead_letters) == wanted, lambda: f"dead letters {kept(dead_letters)} instead of {wanted}")
    counted = gateway.metrics("poison|dead_letter")
    assert sum(gateway.metrics(COUNTER).values()) == len(garbage), f"{COUNTER} is not {len(garbage)}: {counted}"
    return f"{len(garbage)} dead letters, {COUNTER} counts them"


def kept(directory):
    """The dead letters by name."""
    return {path.name: path.read_bytes() for path in directory.glob("*")} if directory.exists() else {}
