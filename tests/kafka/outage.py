"""The broker goes away and comes back under load."""

from spanway import to_kafka, with_journal
from waiting import until

LOAD = ["--rate", 1000, "--spans-per-request", 50]
RETRY = {"initial_interval": "100ms", "max_interval": "1s"}


def nothing_acknowledged_is_lost(lab):
    """A broker is killed and started again under load: every acknowledged span is in its topic, journal or not."""
    streams = [
        Stream(lab, "direct"),
        Stream(lab, "journal", has_journal=True),
        # The client library gives messages up before the broker is back, so that the gateway sends them anew.
        Stream(lab, "impatient", has_journal=True, delivery_timeout="1s"),
    ]
    for stream in streams:
        stream.wait_until_it_flows()
    lab.cluster.kill(1)
    lab.cluster.start_broker(1)
    for stream in streams:
        stream.wait_until_it_flows()
    return "; ".join(stream.finish() for stream in streams)


TESTS = [nothing_acknowledged_is_lost]


class Stream:
    """A load into a topic, and a sink that is given all that the topic holds."""

    def __init__(self, lab, name, has_journal=False, **settings):
        self._name = name
        topic = f"outage-{name}"
        lab.cluster.create_topic(topic, 3)
        self._topic = lab.topic(topic)
        self._sink = lab.counting_sink()
        parts = to_kafka(lab.cluster.bootstrap, topic, retry_on_failure=RETRY, **settings)
        if has_journal:
            parts = with_journal(parts, lab.directory / f"{name}-storage")
        self._load = lab.load(name, lab.gateway(name, parts), *LOAD)

    def wait_until_it_flows(self):
        """Waits until messages arrive in the topic that were not there before."""
        self._hand_over()
        until(self._hand_over, f"nothing arrives in the topic of {self._name}")

    def _hand_over(self):
        """Gives the sink what is new in the topic; says how many messages that is."""
        records = self._topic.read()
        for record in records:
            self._sink.take(record.value)
        return len(records)

    def finish(self):
        """Waits for the load and for what it was told is safe; says what became of it."""
        report, acknowledged = self._load.finish()

        def missing():
            self._hand_over()
            return self._sink.missing(acknowledged)

        until(lambda: missing() == 0, lambda: f"{missing()} acknowledged spans of {self._name} are missing")
        return (
            f"{self._name} {report['spans_acknowledged']} acknowledged, {self._sink.stats()['duplicates']} twice, "
            f"the slowest after {report['latency_ms']['max'] / 1000:.1f} s"
        )
