"""A broker of tests/kafka, its topics, and a reader that counts what is in them.

Imports kafka-python, which `kafka_bench.require` installs.
"""

import http.client
import tempfile
import time
import uuid
from contextlib import contextmanager

import broker
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError
from peers import CACHE

PARTITIONS = 6
# A batch of 8192 spans is a message of 4 MiB, which Kafka's own limit of 1 MB would not let in.
MESSAGE_BYTES = 8 << 20
# The limit is on a batch of messages, which has a head.
BATCH_BYTES = MESSAGE_BYTES + (1 << 20)
# So much is read at a time, and handed to the sink at a time.
FETCH_BYTES = 64 << 20
CHUNK_BYTES = 8 << 20
POLL_MS = 1000
# What has not grown for so long has all that was on its way; no gateway holds a batch back for longer than 200 ms.
STILL_SECONDS = 1.0
POLL_SECONDS = 0.05

# One broker that lives through a whole run: its compiler may take the time to do well.
broker.JVM = ["-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"]


@contextmanager
def one_broker():
    """A broker with its data in .cache, where nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="kafka-", dir=CACHE) as directory:
        with broker.Cluster(directory) as cluster:
            yield cluster


class Topic:
    """A topic made anew, and deleted in the end. Remembers up to where it was read."""

    def __init__(self, cluster):
        self.name = f"spans-{uuid.uuid4().hex[:8]}"
        self.bootstrap = cluster.bootstrap
        self._cluster = cluster
        self._read = {TopicPartition(self.name, number): 0 for number in range(PARTITIONS)}

    def __enter__(self):
        self._cluster.create_topic(self.name, PARTITIONS, max_message_bytes=BATCH_BYTES)
        self._admin = self._cluster.admin()
        return self

    def __exit__(self, *_):
        self._admin.delete_topics([self.name])
        self._admin.close()

    def wait_until_still(self) -> float:
        """Waits until it has ceased to grow; returns when it last grew."""
        ends, grown = self._ends(), time.monotonic()
        while time.monotonic() < grown + STILL_SECONDS:
            time.sleep(POLL_SECONDS)
            now = self._ends()
            if now != ends:
                ends, grown = now, time.monotonic()
        return grown

    def read_into(self, sink: dict) -> dict:
        """Hands all that has not been read yet to the sink; returns how many messages it was, and how many had a key.

        Messages of OTLP put one behind the other are one message with the spans of all.
        """
        counts = {"messages": 0, "keyed": 0}
        connection = http.client.HTTPConnection(sink["http"])
        chunk, size = [], 0
        for record in self._unread():
            counts["messages"] += 1
            counts["keyed"] += bool(record.key)
            chunk.append(record.value)
            size += len(record.value)
            if size > CHUNK_BYTES:
                hand_over(connection, chunk)
                chunk, size = [], 0
        if chunk:
            hand_over(connection, chunk)
        connection.close()
        return counts

    def bytes(self) -> int:
        """Bytes of its log: the batches as the producer compressed them."""
        (answer,) = self._admin.describe_log_dirs([self.name])
        topics = [topic for each in answer["log_dirs"] for topic in each["topics"]]
        return sum(each["partition_size"] for topic in topics for each in topic["partitions"])

    def lag(self, group: str) -> int:
        """Messages that a group has not committed yet; one that nobody knows has committed none."""
        try:
            found = self._admin.list_group_offsets({group: list(self._read)})[group]
        except KafkaError:
            found = {}
        committed = {partition: max(known.offset, 0) for partition, known in found.items()}
        return sum(end - committed.get(partition, 0) for partition, end in self._ends().items())

    def has_members(self, group: str) -> bool:
        """Whether a group has divided the partitions among its members."""
        try:
            return self._admin.describe_groups([group])[group]["group_state"] == "Stable"
        except KafkaError:
            return False

    def _ends(self) -> dict:
        found = self._admin.list_partition_offsets({partition: OffsetSpec.LATEST for partition in self._read})
        return {partition: end.offset for partition, end in found.items()}

    def _unread(self):
        """All messages up to where the topic ends now. The broker has checked their checksums already."""
        ends = self._ends()
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=None,
            enable_auto_commit=False,
            check_crcs=False,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=FETCH_BYTES,
            max_poll_records=FETCH_BYTES,
        )
        with consumer:
            consumer.assign(list(self._read))
            for partition, offset in self._read.items():
                consumer.seek(partition, offset)
            while any(self._read[partition] < end for partition, end in ends.items()):
                for partition, records in consumer.poll(POLL_MS).items():
                    self._read[partition] = records[-1].offset + 1
                    yield from records


def hand_over(connection: http.client.HTTPConnection, messages: list):
    connection.request("POST", "/v1/traces", b"".join(messages), {"content-type": "application/x-protobuf"})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 200:
        raise SystemExit(f"the sink does not take what is in the topic: {answer.status} {said[:200]}")
