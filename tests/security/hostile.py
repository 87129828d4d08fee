"""Clients that mean harm, against a gateway with little memory: it serves the others and stays within bounds."""

import functools
import gzip
import os
import re
import threading
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import frames
from attackers import connected, drip, flood, client_hello, together
from frames import END_HEADERS, frame, head, opening
from lab import receiver
from spans import plain
from waiting import until

LIMIT_MIB = 128
# The budget, and what the process takes beside it: code, threads, what the allocator keeps.
RSS_MIB = LIMIT_MIB + 96
SLOWEST_SECONDS = 5
ATTACK_SECONDS, LONG_SECONDS = 2, 30
IDLE_CONNECTIONS = 10_000

POST = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"

TESTS = []


def attack(function, fresh=True, seconds=ATTACK_SECONDS, rss_mib=RSS_MIB, **http):
    """Makes a test of what attackers do until they are told to stop: `function(places, stop)`, which tells of it.

    Clients send on lasting connections, and with `fresh` on new ones too; the process may have `rss_mib`. `http` has
    keys of the receiver's HTTP.
    """

    @functools.wraps(function)
    def test(lab):
        gateway, places = one_gateway(lab, http)
        descriptors = open_descriptors(gateway)
        flags = {"pause": "10ms", "attempts": 50 if lab.long else 20, "timeout": "10s"}
        request, places_of_otlp = plain(4), ["grpc", "http"]
        loads = [lab.load(protocol, places[protocol], request, **flags) for protocol in places_of_otlp]
        if fresh:
            loads += [
                lab.load(protocol, places[protocol], request, fresh="true", **flags) for protocol in places_of_otlp
            ]
        most, said = peak_while(gateway, lambda stop: function(places, stop), LONG_SECONDS if lab.long else seconds)
        reports = [load.finish() for load in loads]

        assert gateway.process.poll() is None, "the gateway has ended"
        for report in reports:
            assert report["requests"] > 2 and report["failed"] == 0, f"requests failed: {report}"
            assert report["slowest_ms"] < SLOWEST_SECONDS * 1000, f"a request was slow: {report}"
        assert most < rss_mib, f"the process had {most:.0f} MiB, more than {rss_mib}"
        left = lambda: open_descriptors(gateway) - descriptors
        until(lambda: left() <= 4, lambda: f"{left()} descriptors are left open", 20)
        accepted = sum(gateway.metrics("^otelcol_receiver_accepted_spans$").values())
        answered = sum(report["requests"] for report in reports)
        assert accepted >= 4 * answered, f"{accepted} spans were accepted of {answered} requests"
        assert "panicked" not in gateway.log(), "something panicked"
        again = sum(report["attempts"] - report["requests"] for report in reports)
        slowest = max(report["slowest_ms"] for report in reports)
        return f"{said}; {answered} requests, {again} retries, slowest {slowest} ms; {most:.0f} MiB"

    TESTS.append(test)
    return test


# === the attacks ===


@attack
def idle(places, stop):
    """Ten thousand connections that say nothing, or begin HTTP/2, or half of a TLS handshake, and wait."""
    says = {
        "grpc": [b"", opening()],
        "http": [b"", opening()],
        "tls_grpc": [b"", client_hello()[:200]],
        "tls_http": [b"", client_hello()[:200]],
    }
    kinds = cycle([(places[name], words) for name, both in says.items() for words in both])
    each = IDLE_CONNECTIONS // 4
    opened = []

    def connect():
        with ExitStack() as held:
            opened.extend(connected(held, *next(kinds)) is not None for _ in range(each))
            stop.wait()

    together([connect] * 4)
    return f"{len(opened)} connections, {opened.count(False)} closed at once"


@attack
def slow_heads(places, stop):
    """Two thousand requests of HTTP/1.1 whose heads come a byte at a time."""
    return drip(places["http"], stop, b"POST /v1/traces HTTP/1.1\r\nx-slow: ")


SLOW_BODY = (
    b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1000\r\n\r\n"
)


@functools.partial(attack, fresh=False)
def slow_bodies(places, stop):
    """Two thousand requests of HTTP/1.1 whose bodies come a byte at a time; who is connected already is served."""
    return drip(places["http"], stop, SLOW_BODY)


@functools.partial(attack, read_timeout="1s")
def slow_bodies_in_bounded_time(places, stop):
    """The same with a `read_timeout`; who comes anew is served, too."""
    return drip(places["http"], stop, SLOW_BODY)


# Longer than the patience of clients.
@functools.partial(attack, seconds=5)
def slow_bodies_in_any_time(places, stop):
    """The same without a `read_timeout`, as by default."""
    return drip(places["http"], stop, SLOW_BODY)


@attack
def slow_streams(places, stop):
    """Connections of HTTP/2 with a thousand requests each, whose messages come a byte at a time."""
    begun = opening() + frames.requests(1, 1000, lambda stream: frame(frames.DATA, 0, stream, b"\0\0\0\3\0"))
    words = b"".join(frame(frames.DATA, 0, stream, b"a") for stream in range(1, 2001, 2))
    return drip(places["grpc"], stop, begun, connections=20, words=words)


@functools.partial(attack, seconds=5)
def slow_messages(places, stop):
    """Two thousand connections of HTTP/2, each with a message of gRPC that comes a byte at a time."""
    data = lambda stream: frame(frames.DATA, 0, stream, b"\0\0\0\3\0")
    begun = opening() + frames.requests(1, 1, data)
    return drip(places["grpc"], stop, begun, words=frame(frames.DATA, 0, 1, b"a"))


@attack
def long_heads(places, stop):
    """Heads of HTTP/1.1 without end: one header, many headers, a long line."""
    line = b"x-%d: " + b"a" * 1000 + b"\r\n"
    beginnings = cycle([b"GET /v1/traces HTTP/1.1\r\nx: ", b"GET /v1/traces HTTP/1.1\r\n", b"GET /"])
    middles = cycle([b"a" * 65536, line * 60, b"a" * 65536])
    return flood(places["http"], stop, lambda: (next(beginnings), lambda _: next(middles)))


@attack
def continuations(places, stop):
    """A head of HTTP/2 that goes on in CONTINUATION frames of one byte, or of none, without end."""
    first = opening() + frame(frames.HEADERS, 0, 1, head())
    tiny = frame(frames.CONTINUATION, 0, 1, b"\0") * 1000
    empty = frame(frames.CONTINUATION, 0, 1) * 1000
    kinds = cycle([tiny, empty])
    return flood(places["grpc"], stop, lambda: (first, lambda _, kind=next(kinds): kind))


@attack
def large_header_lists(places, stop):
    """Heads of HTTP/2 with ever more headers; and whole ones of a megabyte, one after the other."""
    field = frames.field(b"x-header", b"a" * 4000)
    first = opening() + frame(frames.HEADERS, 0, 1, head())
    more = frame(frames.CONTINUATION, 0, 1, field * 4) * 10

    def whole(number):
        stream = 2 * number + 1
        rest = frame(frames.CONTINUATION, 0, stream, field * 4) * 64
        return frame(frames.HEADERS, 0, stream, head()) + rest + frame(frames.CONTINUATION, END_HEADERS, stream)

    kinds = cycle([(first, lambda _: more), (opening(), whole)])
    return flood(places["grpc"], stop, lambda: next(kinds))


@attack
def rapid_resets(places, stop):
    """Requests that are reset as soon as they are sent."""
    reset = lambda stream: frame(frames.RST_STREAM, 0, stream, frames.CANCEL.to_bytes(4, "big"))
    return flood(places["grpc"], stop, lambda: (opening(), lambda turn: frames.requests(200 * turn + 1, 100, reset)))


@attack
def control_frames(places, stop):
    """PING, SETTINGS, PRIORITY, unknown and empty DATA frames without end, whose answers are never read."""
    floods = cycle(
        [
            frame(frames.PING, 0, 0, b"12345678"),
            frame(frames.SETTINGS, 0, 0, b"\0\4\0\1\0\0"),
            frame(frames.PRIORITY, 0, 1, b"\0\0\0\0\x10"),
            frame(frames.UNKNOWN, 0, 0, b"a"),
            frame(frames.DATA, 0, 1),
        ]
    )
    first = opening() + frame(frames.HEADERS, END_HEADERS, 1, head())
    return flood(
        places["grpc"], stop, lambda: (first, lambda _, one=next(floods) * 1000: one), attackers=5, reads=False
    )


@attack
def endless_chunks(places, stop):
    """Bodies of HTTP/1.1 in chunks of a byte, with long extensions, with trailers without end."""
    begin = POST + b"transfer-encoding: chunked\r\n\r\n"
    kinds = cycle(
        [(begin, b"1\r\na\r\n" * 1000), (begin + b"1;", b"a" * 10000), (begin + b"0\r\n", b"x: a\r\n" * 1000)]
    )

    def one():
        first, more = next(kinds)
        return first, lambda _: more

    return flood(places["http"], stop, one)


@attack
def unread_answers(places, stop):
    """Requests whose answers are never read: pipelined in HTTP/1.1, and with windows of no bytes in HTTP/2."""
    body = plain(1).SerializeToString()
    first = POST + b"content-length: %d\r\n\r\n"
    pipelined = (first % len(body) + body) * 100
    message = b"\0" + len(body).to_bytes(4, "big") + body
    whole = lambda stream: frame(frames.DATA, frames.END_STREAM, stream, message)
    no_window = lambda: (opening(initial_window=0), lambda turn: frames.requests(200 * turn + 1, 100, whole))
    said = [None, None]

    def over_http():
        said[0] = flood(places["http"], stop, lambda: (b"", lambda _: pipelined), reads=False)

    def over_grpc():
        said[1] = flood(places["grpc"], stop, no_window, reads=False)

    together([over_http, over_grpc])
    return ", ".join(said)


# They are small, so that the budget is not needed.
@functools.partial(attack, rss_mib=110)
def abandoned_requests(places, stop):
    """Connections that send a hundred requests each, whole or begun, and are closed at once; memory comes back."""
    kinds = cycle([lambda stream: b"", lambda stream: frame(frames.DATA, 0, stream, b"\0\0\0\x10\0")])
    made = [0, 0]

    def abandon(number):
        while not stop.is_set():
            with ExitStack() as held:
                connected(held, places["grpc"], opening() + frames.requests(1, 100, next(kinds)))
                made[number] += 1

    together([functools.partial(abandon, number) for number in range(len(made))])
    return f"{sum(made)} connections"


@functools.partial(attack, seconds=4)
def messages_of_4_gib(places, stop):
    """Messages of gRPC that say they have 4 GiB, or 60 MiB, and send a little; bodies of HTTP that do."""
    told = cycle([b"\0\xff\xff\xff\xff", b"\0\x03\xc0\0\0", b"\1\xff\xff\xff\xff"])

    def over_grpc():
        data = lambda stream: frame(frames.DATA, 0, stream, next(told) + b"a" * 100)
        flood(places["grpc"], stop, lambda: (opening(), lambda turn: frames.requests(200 * turn + 1, 100, data)))

    def over_http():
        lengths = cycle([b"4294967295", b"60000000", b"99999999999999999999999"])
        begin = POST + b"content-length: "
        flood(places["http"], stop, lambda: (begin + next(lengths) + b"\r\n\r\n", lambda _: b"a" * 100))

    together([over_grpc, over_http])
    return "two kinds"


# What is decompressed is given back, and the allocator keeps it for a while: twice the budget and more.
@functools.partial(attack, rss_mib=3 * LIMIT_MIB)
def bombs(places, stop):
    """Bodies that gzip makes 4 GiB of, messages that it makes 56 MiB of, and JSON of a million brackets."""
    huge, large = gzip.compress(bytes(32 << 20), 9) * 128, gzip.compress(bytes(56 << 20), 9)
    deep = b'{"resourceSpans":' + b"[" * 1_000_000
    heads = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: %s\r\n%scontent-length: %d\r\n\r\n"
    bodies = cycle(
        [
            heads % (b"application/x-protobuf", b"content-encoding: gzip\r\n", len(huge)) + huge,
            heads % (b"application/x-protobuf", b"content-encoding: gzip\r\n", len(large)) + large,
            heads % (b"application/json", b"", len(deep)) + deep,
        ]
    )
    # Within the window that every connection begins with.
    message = b"\1" + len(large).to_bytes(4, "big") + large
    assert len(message) < 65535, f"{len(message)} bytes"
    parts = [message[start : start + 16384] for start in range(0, len(message), 16384)]
    begin = frame(frames.HEADERS, END_HEADERS, 1, head(more=[(b"grpc-encoding", b"gzip")]))
    call = begin + b"".join(frame(frames.DATA, 0, 1, part) for part in parts) + frame(frames.DATA, frames.END_STREAM, 1)
    said = [None, None]

    def over_http():
        said[0] = flood(places["http"], stop, lambda: (next(bodies), None))

    def over_grpc():
        said[1] = flood(places["grpc"], stop, lambda: (opening() + call, None))

    together([over_http, over_grpc])
    return ", ".join(said)


def many_at_the_pages(lab):
    """While a hundred connections to the health page and to metrics say nothing, both are answered in a second."""
    gateway, _ = one_gateway(lab)
    with ExitStack() as held:
        for place in [gateway.health_place, gateway.metrics_place]:
            for _ in range(100):
                connected(held, place, b"")
        for place, path in [(gateway.health_place, "/"), (gateway.metrics_place, "/metrics")]:
            answer = lab.callers.go("http", place, path=path, timeout="1s")
            assert answer["ok"], f"{path}: {answer['error']}"


TESTS.append(many_at_the_pages)


# === the gateway ===


def one_gateway(lab, http={}):
    names = ["grpc", "http", "tls_grpc", "tls_http"]
    places = dict(zip(names, lab.places(4)))
    tls = lab.authority.issue("server").server()
    plain_receiver = receiver(places["grpc"], places["http"])
    plain_receiver["protocols"]["http"].update(http)
    receivers = {
        "otlp/plain": plain_receiver,
        "otlp/tls": receiver(places["tls_grpc"], places["tls_http"], tls),
    }
    parts = {
        "receivers": receivers,
        "processors": {"memory_limiter": {"check_interval": "1s", "limit_mib": LIMIT_MIB}},
        "exporters": {"nop": {}},
        "pipelines": {"traces": {"receivers": list(receivers), "processors": ["memory_limiter"], "exporters": ["nop"]}},
    }
    return lab.gateway("gateway", parts), places


def peak_while(gateway, attackers, seconds):
    """The most MiB that the gateway had while attackers were at work, and what they say."""
    stop = threading.Event()
    said = []
    worker = threading.Thread(target=lambda: said.append(attackers(stop)))
    began = time.monotonic()
    worker.start()
    most = 0
    try:
        while worker.is_alive():
            most = max(most, resident_mib(gateway))
            if time.monotonic() - began > seconds:
                stop.set()
            worker.join(0.05)
    finally:
        stop.set()
    assert said, "the attackers failed"
    return most, said[0]


def resident_mib(gateway):
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0


def open_descriptors(gateway):
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
