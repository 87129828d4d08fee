"""Exporters to servers over TLS: what is wrong is told, retried and mended on disk, and no span is lost on the way."""

import re
from dataclasses import dataclass
from typing import Callable

from authorities import ELSEWHERE, KINDS, Authority, Identity, self_signed
from backends import GrpcBackend, HttpBackend
from lab import identities, receiver
from spans import plain
from spanway import with_journal
from waiting import until

ARRIVE_SECONDS = 20

# How spans are sent: the exporter, its keys, what its endpoint begins with, and the server.
WAYS = {
    "grpc": ("otlp_grpc", {}, "", GrpcBackend),
    "proto": ("otlp_http", {}, "https://", HttpBackend),
    "json": ("otlp_http", {"encoding": "json"}, "https://", HttpBackend),
}


@dataclass
class Case:
    """A server, whose clients it takes, and the exporter's `tls`; then how it is mended, and what was told before.

    Each side and library words it its own way; a server that refuses a client may do so by closing alone.
    """

    server: Identity
    clients: Authority | None
    tls: dict
    mend: Callable = lambda backend: None
    told: str = ""


def trusted(lab):
    """Spans arrive where the server is who it should be, or is taken for it by `server_name_override` or on trust."""
    good = lab.authority.issue("server")
    elsewhere = lab.authority.issue("elsewhere", names=ELSEWHERE)
    client = lab.authority.issue("client")
    ca = {"ca_file": str(lab.authority.cert)}
    pem = {"ca_pem": lab.authority.cert.read_text()}
    pair = {"cert_pem": client.cert.read_text(), "key_pem": client.key.read_text()}
    cases = {
        "known": Case(good, None, ca),
        "pem": Case(good, lab.authority, {**pem, **pair}),
        "mutual": Case(good, lab.authority, {**ca, **client.server()}),
        "override": Case(elsewhere, None, {**ca, "server_name_override": ELSEWHERE[0]}),
        "skip-stranger": Case(lab.stranger.issue("server"), None, {"insecure_skip_verify": True}),
        "skip-expired": Case(lab.authority.issue("expired", expired=True), None, {"insecure_skip_verify": True}),
    }
    for kind in KINDS:
        # With keys in the older format, where there is one.
        own = self_signed(lab.directory, kind, traditional=KINDS[kind][1] is not None)
        cases[f"own-{kind}"] = Case(own, None, {"ca_file": str(own.cert)})
        cases[f"client-{kind}"] = Case(good, own, {**ca, **own.server()})
    sink = lab.sink()
    # What grpcio is made of takes no Ed25519 in TLS.
    pairs = [(way, name) for way in WAYS for name in cases if way != "grpc" or "ed25519" not in name]
    links = [Link(lab, sink, way, name, cases[name]) for way, name in pairs]
    gateway = one_gateway(lab, links)
    for link in links:
        link.send(gateway)
    for link in links:
        assert link.wait_for_spans(ARRIVE_SECONDS), f"nothing arrived by {link.exporter}"
    return f"{len(links)} ways"


def mended(lab):
    """Each failed handshake is told by log, health and metrics; once files are mended, the spans that waited arrive."""
    sink = lab.sink()
    links = [Link(lab, sink, way, name, case) for way in WAYS for name, case in broken(lab, way).items()]
    gateway = one_gateway(lab, links)
    for link in links:
        link.send(gateway)
    for link in links:
        failing = lambda: link.metric(gateway, "spanway_exporter_failing") == 1
        until(failing, f"{link.exporter} should be failing", ARRIVE_SECONDS)
        assert link.metric(gateway, "otelcol_exporter_send_failed_spans") > 0, f"{link.exporter}: no failure is counted"
        assert link.exporter in gateway.health()[1], f"the health page does not name {link.exporter}"
        assert link.told(gateway), f"no line says why {link.exporter} fails"
        assert not link.wait_for_spans(0), f"spans arrived by {link.exporter}"
    for link in links:
        link.case.mend(link.backend)
    for link in links:
        assert link.wait_for_spans(ARRIVE_SECONDS), f"nothing arrived by {link.exporter}, which is mended"
        sent = lambda: link.metric(gateway, "otelcol_exporter_sent_spans")
        until(lambda: sent() == 2, lambda: f"{link.exporter} says it sent {sent()} of 2 spans", ARRIVE_SECONDS)
    until(
        lambda: "failing" not in gateway.health()[1], lambda: f"not healthy again: {gateway.health()}", ARRIVE_SECONDS
    )
    return f"{len(links)} ways"


TESTS = [trusted, mended]


def broken(lab, way):
    """Everything that can be wrong, with files of its own."""
    good, client = lab.authority.issue("server"), lab.authority.issue("client")
    copied = lambda name, other: Identity(lab.directory, f"{way}-{name}").become(other)
    expired = copied("expired", lab.authority.issue("expired", expired=True))
    elsewhere = copied("elsewhere", lab.authority.issue("elsewhere", names=ELSEWHERE))
    wrong = copied("client", lab.stranger.issue("client"))
    authorities = lab.directory / f"{way}-authorities.pem"
    authorities.write_bytes(lab.stranger.cert.read_bytes())
    ca = {"ca_file": str(lab.authority.cert), "reload_interval": "50ms"}
    refused = "[Cc]ertificate|UnknownCA|DecryptError|HandshakeFailure|clos(es|ed)|reset|eof"

    def renewed(identity):
        return lambda backend: (identity.become(good), backend.renew())

    return {
        "unknown-authority": Case(
            *(good, None, {**ca, "ca_file": str(authorities)}),
            mend=lambda backend: authorities.write_bytes(lab.authority.cert.read_bytes()),
            told="UnknownIssuer",
        ),
        "expired": Case(expired, None, ca, mend=renewed(expired), told="certificate expired"),
        "wrong-name": Case(elsewhere, None, ca, mend=renewed(elsewhere), told="certificate not valid for name"),
        "wrong-client": Case(
            good, lab.authority, {**ca, **wrong.server()}, mend=lambda backend: wrong.become(client), told=refused
        ),
        "no-client": Case(good, lab.authority, ca, mend=lambda backend: backend.renew(clients=None), told=refused),
    }


class Link:
    """A receiver, an exporter with a journal, its server, and what was sent."""

    def __init__(self, lab, sink, way, name, case):
        exporter, keys, scheme, backend = WAYS[way]
        self.case = case
        self.name = f"{way}-{name}"
        self.exporter = f"{exporter}/{self.name}"
        self.place, there = lab.places(2)
        self.sink = sink
        self.backend = backend(sink, there, case.server, case.clients)
        lab.until_the_end(self.backend.close)
        # Fast enough for a test; what is on disk is tried for ever.
        quick = {"initial_interval": "100ms", "max_interval": "300ms"}
        self.keys = {"endpoint": scheme + there, "tls": case.tls, "retry_on_failure": quick, **keys}
        self.request = plain(2, service_name=self.name)

    def send(self, gateway):
        """The gateway takes the spans, whatever the server does."""
        gateway.http = self.place
        gateway.send(self.request)

    def wait_for_spans(self, seconds):
        return self.sink.wait_for(identities(self.request), seconds)

    def metric(self, gateway, name):
        return gateway.metrics(f"^{name}$").get(f'{name}{{exporter="{self.exporter}"}}')

    def told(self, gateway):
        lines = [line for line in gateway.log().splitlines() if re.search(rf'(WARN|ERROR).*"{self.exporter}"', line)]
        return any(re.search(self.case.told, line) for line in lines)


def one_gateway(lab, links):
    """A gateway with a pipeline for each link."""
    pipelines = {
        f"traces/{link.name}": {"receivers": [f"otlp/{link.name}"], "exporters": [link.exporter]} for link in links
    }
    parts = {
        "receivers": {f"otlp/{link.name}": receiver(http=link.place) for link in links},
        "exporters": {link.exporter: link.keys for link in links},
        "pipelines": pipelines,
    }
    return lab.gateway("sender", with_journal(parts, lab.directory / "storage"))
