"""Messages that are keyed by their trace."""

from kafka.partitioner.default import murmur2

from spans import plain, spans_of
from spanway import to_kafka
from topic import decoded
from waiting import until

PARTITIONS = 6
TRACES = 600
SPANS_PER_TRACE = 5
REQUESTS = 4


def a_trace_stays_in_one_partition(lab):
    """With partition_traces_by_id every span of a trace is in one partition, and traces still share messages."""
    records = written(lab.gateway, lab, "keyed")
    partitions = partitions_of(records)
    assert len({where for (where,) in partitions.values()}) == PARTITIONS, "not every partition is used"
    for record in records:
        traces = traces_of(record)
        assert record.key.decode() in traces, f"a message with {len(traces)} traces has the key {record.key}"
    assert len(records) < TRACES / 10, f"{len(records)} messages for {TRACES} traces"
    return f"{len(records)} messages for {TRACES} traces"


def a_message_a_trace(lab):
    """With message_per_trace a message has one trace and its key, and is where Java's clients have that key."""
    murmur = {"sticky_key": {"hasher": "murmur2"}}
    records = written(lab.gateway, lab, "keyed-alone", message_per_trace=True, record_partitioner=murmur)
    for record in records:
        assert traces_of(record) == {record.key.decode()}, f"the key {record.key} for the traces {traces_of(record)}"
        where = (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS
        assert record.partition == where, f"{record.key} is in partition {record.partition}, not {where}"
    return f"{len(records)} messages for {TRACES} traces"


TESTS = [a_trace_stays_in_one_partition, a_message_a_trace]


def written(start, lab, name, **settings):
    """The records of all traces, none of which is complete in any request."""
    lab.cluster.create_topic(name, PARTITIONS)
    writer = start(f"writer-{name}", to_kafka(lab.cluster.bootstrap, name, partition_traces_by_id=True, **settings))
    for request in spread_over_requests(plain(TRACES * SPANS_PER_TRACE, "keyed", SPANS_PER_TRACE)):
        writer.send(request)
    topic, records = lab.topic(name), []

    def spans():
        records.extend(topic.read())
        return sum(len(list(spans_of(decoded(record)))) for record in records)

    until(lambda: spans() == TRACES * SPANS_PER_TRACE, lambda: f"{spans()} spans arrived")
    return records


def spread_over_requests(request):
    """Requests that each have some spans of every trace."""
    spans = list(spans_of(request))
    for number in range(REQUESTS):
        part = type(request)()
        part.CopyFrom(request)
        kept = part.resource_spans[0].scope_spans[0].spans
        del kept[:]
        kept.extend(spans[number::REQUESTS])
        yield part


def partitions_of(records):
    """The partitions of each trace, of which there must be one."""
    partitions = {}
    for record in records:
        for trace in traces_of(record):
            partitions.setdefault(trace, set()).add(record.partition)
    spread = {trace: where for trace, where in partitions.items() if len(where) > 1}
    assert not spread, f"{len(spread)} traces are in several partitions, such as {next(iter(spread.items()))}"
    return partitions


def traces_of(record):
    return {span.trace_id.hex() for span in spans_of(decoded(record))}
