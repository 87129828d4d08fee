"""Reads and writes topics with kafka-python, which shares nothing with the gateway's client."""

import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

READ_SECONDS = 60
WRITE_SECONDS = 30


class Topic:
    """A topic from its beginning."""

    def __init__(self, bootstrap, name):
        self._bootstrap = bootstrap.split(",")
        self.name = name
        self._consumer = KafkaConsumer(bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        self._partitions = [TopicPartition(name, one) for one in sorted(self._consumer.partitions_for_topic(name))]
        self._consumer.assign(self._partitions)

    def close(self):
        self._consumer.close()

    def read(self):
        """The records that were not read before, up to the end as it is now."""
        ends = self._consumer.end_offsets(self._partitions)
        records = []
        deadline = time.monotonic() + READ_SECONDS
        while any(self._consumer.position(one) < end for one, end in ends.items()):
            assert time.monotonic() < deadline, f"topic {self.name} could not be read in {READ_SECONDS} s"
            for batch in self._consumer.poll(timeout_ms=200).values():
                records += batch
        return records

    def requests(self):
        """The records of `read`, decoded from otlp_proto."""
        return [decoded(record) for record in self.read()]

    def write(self, records):
        """Appends records, each a dictionary of `value`, and of `partition`, `key` and `headers` as needed.

        Returns the offset of each.
        """
        producer = KafkaProducer(bootstrap_servers=self._bootstrap)
        sent = [producer.send(self.name, **record) for record in records]
        offsets = [one.get(WRITE_SECONDS).offset for one in sent]
        producer.close()
        return offsets


def decoded(record):
    """A message of otlp_proto: TracesData, which has the same bytes as a request."""
    return service.ExportTraceServiceRequest.FromString(record.value)
