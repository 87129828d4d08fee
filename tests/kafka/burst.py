"""A burst far larger than a message may be, with a span in it that no message can hold."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from spans import multiset, plain, spans_of
from spanway import to_kafka, with_journal
from waiting import until

REQUESTS = 40
SPANS_PER_REQUEST = 1000
AT_ONCE = 8
GIANT_BYTES = 5_000_000
MAX_MESSAGE_BYTES = 1_000_000


def the_giant_is_a_dead_letter(lab):
    """With default settings and a journal everything arrives exactly, but for the one span that cannot: it is kept."""
    storage = lab.directory / "storage"
    topic, gateway = started(lab, "burst-journal", lambda parts: with_journal(parts, storage))
    ordinary, with_giant = burst("burst-journal")
    answers = send_at_once(gateway, [*ordinary, with_giant])
    assert not any(answer.partial_success.rejected_spans for answer in answers), "the journal takes every span"

    arrived = wait_for_all(topic, ordinary, with_giant)
    until(lambda: dead_spans(lab, storage) == 1, lambda: f"{dead_spans(lab, storage)} dead letters instead of 1")
    return f"{arrived} spans, 1 dead letter"


def the_giant_is_told_to_its_client(lab):
    """Without a journal everything else arrives exactly, and the giant's client is told that it was rejected."""
    topic, gateway = started(lab, "burst-direct", lambda parts: parts)
    ordinary, with_giant = burst("burst-direct")
    answers = send_at_once(gateway, [*ordinary, with_giant])
    rejected = [answer.partial_success.rejected_spans for answer in answers]
    assert rejected == [0] * len(ordinary) + [1], f"rejected spans by request: {rejected}"
    assert answers[-1].partial_success.error_message, "the client is not told why"

    arrived = wait_for_all(topic, ordinary, with_giant)
    return f"{arrived} spans; the client reads: {answers[-1].partial_success.error_message}"


TESTS = [the_giant_is_a_dead_letter, the_giant_is_told_to_its_client]


def started(lab, name, change):
    """A topic and a gateway that writes into it."""
    lab.cluster.create_topic(name, max_message_bytes=MAX_MESSAGE_BYTES)
    return lab.topic(name), lab.gateway(name, change(to_kafka(lab.cluster.bootstrap, name)))


def burst(name):
    """The ordinary requests, and one with the giant at its end."""
    requests = [plain(SPANS_PER_REQUEST, name, seed=number) for number in range(REQUESTS)]
    giant = list(spans_of(requests[-1]))[-1]
    content = random.Random(name).randbytes(GIANT_BYTES)
    giant.attributes.append(KeyValue(key="giant", value=AnyValue(bytes_value=content)))
    return requests[:-1], requests[-1]


def send_at_once(gateway, requests):
    with ThreadPoolExecutor(AT_ONCE) as senders:
        return list(senders.map(gateway.send, requests))


def wait_for_all(topic, ordinary, with_giant):
    """Waits until the spans but the giant are in the topic, each once and unchanged; returns how many they are."""
    wanted = multiset([*ordinary, with_giant])
    giant = list(multiset([with_giant]))[-1]
    del wanted[giant]
    arrived = Counter()

    def complete():
        arrived.update(multiset(topic.requests()))
        return arrived.total() >= wanted.total()

    until(complete, lambda: f"{arrived.total()} of {wanted.total()} spans are in the topic")
    missing, foreign = wanted - arrived, arrived - wanted
    assert not missing and not foreign, f"{missing.total()} spans are missing, {foreign.total()} are too many or changed"
    return arrived.total()


def dead_spans(lab, storage):
    """The spans among the dead letters, as `spanway journal ls` counts them."""
    return sum(row["dead"]["spans"] for listing in lab.journal(storage) for row in listing["exporters"])
