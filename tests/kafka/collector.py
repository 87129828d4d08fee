"""The OpenTelemetry Collector's kafka exporter and receiver on the other side of the topic."""

from compare import differences, identity

from keyed import partitions_of, written
from spans import everything, normal_forms
from spanway import from_kafka, to_kafka

ENCODINGS = ["otlp_proto", "otlp_json"]
ARRIVE_SECONDS = 30


def the_collector_reads(lab):
    """What the gateway writes arrives through the Collector's receiver, every field of every span."""
    return compare(lab, "ours", lab.gateway, lab.collector)


def the_collector_writes(lab):
    """What the Collector's exporter writes arrives through the gateway, every field of every span."""
    return compare(lab, "theirs", lab.collector, lab.gateway)


def partitions_are_the_same(lab):
    """A trace lands in the partition in which the Collector would put it."""
    ours, theirs = (
        partitions_of(written(start, lab, topic))
        for start, topic in [(lab.gateway, "partitions-ours"), (lab.collector, "partitions-theirs")]
    )
    others = [trace for trace, where in ours.items() if theirs[trace] != where]
    assert not others, f"{len(others)} of {len(ours)} traces are in another partition than the Collector's"
    return f"{len(ours)} traces"


TESTS = [the_collector_reads, the_collector_writes, partitions_are_the_same]


def compare(lab, name, start_writer, start_reader):
    request = everything()
    wanted = normal_forms([request])
    for span in wanted:
        # The Collector writes an empty status where there was none.
        del span["all_fields_digest"]
    for encoding in ENCODINGS:
        topic = f"{name}-{encoding}"
        lab.cluster.create_topic(topic)
        sink = lab.sink()
        settings = {"traces": {"encoding": encoding}}
        start_writer(f"writer-{encoding}", to_kafka(lab.cluster.bootstrap, topic, **settings)).send(request)
        url = f"http://127.0.0.1:{sink.http_port}"
        start_reader(f"reader-{encoding}", from_kafka(lab.cluster.bootstrap, [topic], url, group_id=topic, **settings))
        sink.wait_for({identity(span) for span in wanted}, ARRIVE_SECONDS)
        faults = differences(wanted, sink.drain())
        assert not faults, f"{encoding}: {faults}"
    return " and ".join(ENCODINGS)
