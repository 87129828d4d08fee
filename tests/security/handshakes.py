"""Receivers and pages over TLS, with clients of several makes: who may not come in is told and counted."""

import re
import socket

from authorities import ELSEWHERE, KINDS, self_signed
from attackers import client_hello
from callers import s_client
from frames import opening
from lab import identities, receiver, to_sink
from spans import plain
from waiting import until

ARRIVE_SECONDS = 10

# Which protocol each client speaks.
CLIENTS = {"go_http": "http", "go_grpc": "grpc", "grpcio": "grpc", "python": "http"}


def versions_and_names(lab):
    """OpenSSL verifies chain and name on each listener, gets HTTP/2 and TLS 1.2 or 1.3, and never TLS 1.1."""
    places, gateway = one_gateway(lab, {"open": lab.authority.issue("server").server()})
    for protocol, place in places["open"].items():
        for version in ["tls1_2", "tls1_3"]:
            seen = s_client(place, lab.authority.cert, f"-{version}", "-alpn", "h2,http/1.1")
            shown = version.upper().replace("TLS", "TLSv").replace("_", ".")
            for wanted in ["Verification: OK", "Verified peername: localhost", "ALPN protocol: h2", f"New, {shown}"]:
                assert wanted in seen, f"{protocol} with {version}: no `{wanted}` in:\n{seen}"
        old = s_client(place, lab.authority.cert, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        refused = re.search("SSL alert number (40|70)", old) and "New, (NONE)" in old
        assert refused, f"{protocol}: TLS 1.1 was not refused by the server:\n{old}"
        until(lambda: failed(gateway, "open", protocol) == 1, f"{protocol}: one failed handshake should be counted")
    only_grpc = s_client(places["open"]["grpc"], lab.authority.cert, "-alpn", "http/1.1")
    assert "no application protocol" in only_grpc, f"gRPC's listener took HTTP/1.1:\n{only_grpc}"


def settings_are_kept(lab):
    """The least and the greatest version, and the cipher suites of TLS 1.2, are those of the configuration."""
    server = lab.authority.issue("server")
    suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    places, _ = one_gateway(
        lab,
        {
            "newest": server.server(min_version="1.3"),
            "oldest": server.server(max_version="1.2"),
            "suites": server.server(max_version="1.2", cipher_suites=[suite]),
        },
    )
    for protocol in ["grpc", "http"]:
        see = lambda name, *words: s_client(places[name][protocol], lab.authority.cert, *words)
        assert "alert protocol version" in see("newest", "-tls1_2"), f"{protocol}: min_version did not hold"
        assert "New, TLSv1.3" in see("newest"), f"{protocol}: TLS 1.3 was not spoken"
        assert "alert protocol version" in see("oldest", "-tls1_3"), f"{protocol}: max_version did not hold"
        assert "New, TLSv1.2" in see("oldest"), f"{protocol}: TLS 1.2 was not spoken"
        assert "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384" in see("suites"), f"{protocol}: the suite was not spoken"
        other = see("suites", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        assert "alert handshake failure" in other, f"{protocol}: another cipher suite was taken:\n{other}"


def clients_certificates(lab):
    """With `client_ca_file` the authority's clients come in, and none else; without it everybody does. Spans arrive."""
    server = lab.authority.issue("server")
    places, gateway = one_gateway(
        lab, {"open": server.server(), "mutual": server.server(client_ca_file=str(lab.authority.cert))}
    )
    shown = {
        "none": None,
        "good": lab.authority.issue("good"),
        "stranger": lab.stranger.issue("good"),
        "expired": lab.authority.issue("expired", expired=True),
    }
    tried = 0
    for name in ["open", "mutual"]:
        for client, protocol in CLIENTS.items():
            for kind, identity in shown.items():
                # A server that asks for no certificate never sees one.
                taken = name == "open" or kind == "good"
                attempt(lab, gateway, places, name, protocol, client, kind, lab.authority.cert, identity, taken)
                tried += 1
    for transport in ["grpc", "http"]:
        lines = [line for line in gateway.log().splitlines() if "a TLS handshake failed" in line]
        assert any("otlp/mutual" in line and transport in line for line in lines), f"no line about {transport}"
    return f"{tried} handshakes"


def servers_certificates(lab):
    """Clients refuse a certificate that has expired, is another's or of a stranger; each refusal is counted."""
    places, gateway = one_gateway(
        lab,
        {
            "good": lab.authority.issue("server").server(),
            "expired": lab.authority.issue("expired", expired=True).server(),
            "elsewhere": lab.authority.issue("elsewhere", names=ELSEWHERE).server(),
            "stranger": lab.stranger.issue("server").server(),
        },
    )
    for name in places:
        for client, protocol in CLIENTS.items():
            # grpcio looks at the name when the handshake is over.
            counts = (client, name) != ("grpcio", "elsewhere")
            attempt(
                lab, gateway, places, name, protocol, client, name, lab.authority.cert, None, name == "good", counts
            )


def made_by_hand(lab):
    """A certificate that is its own authority serves, and lets its client in, with keys of every kind and format."""
    kinds = [(kind, old) for kind, (_, older) in KINDS.items() for old in [False, True] if older or not old]
    made = {f"{kind}-{'old' if old else 'new'}": self_signed(lab.directory, kind, old) for kind, old in kinds}
    headers = {identity.key.read_text().split("\n")[0] for identity in made.values()}
    assert len(headers) == 3, f"the keys are not of all formats: {headers}"
    tls = {name: one.server(client_ca_file=str(one.cert)) for name, one in made.items()}
    places, gateway = one_gateway(lab, tls)
    for name, identity in made.items():
        for client, protocol in CLIENTS.items():
            # What grpcio is made of takes no Ed25519 in TLS.
            if "ed25519" in name and client == "grpcio":
                continue
            attempt(lab, gateway, places, name, protocol, client, name, identity.cert, identity, True)
            attempt(lab, gateway, places, name, protocol, client, "none", identity.cert, None, False)
    return f"{len(made)} certificates"


def pages(lab):
    """`query` and `health_check` answer over TLS, ask for certificates where they should, and not in the clear."""
    server, client = lab.authority.issue("server"), lab.authority.issue("client")
    tls = server.server(client_ca_file=str(lab.authority.cert))
    health, query, grpc, http = lab.places(4)
    gateway = lab.gateway(
        "pages",
        {
            "receivers": {"otlp/in": receiver(grpc, http)},
            "exporters": {"store": {"directory": str(lab.directory / "store")}},
            "extensions": {
                "health_check/tls": {"endpoint": health, "tls": tls},
                "query": {"endpoint": query, "tls": tls},
            },
        },
    )
    for place, path in [(health, "/"), (query, "/v1/projects")]:
        get = lambda ca, identity: lab.callers.go("http", place, None, ca, identity, path=path)
        answer = until(lambda: (one := get(lab.authority.cert, client))["ok"] and one, f"{path} is not answered")
        assert answer["tls"] == "TLS 1.3", f"{answer}"
        for words in [["-tls1_2"], ["-tls1_3"]]:
            seen = s_client(place, lab.authority.cert, "-cert", client.cert, "-key", client.key, *words)
            assert "Verification: OK" in seen, f"{path}: {seen}"
        assert get(lab.authority.cert, None)["error"], f"{path} was answered without a certificate"
        assert get(lab.authority.cert, lab.stranger.issue("client"))["error"], f"{path} was answered to a stranger"
        assert get(None, None)["error"], f"{path} was answered in the clear"
    counted = gateway.metrics("failed_handshakes")
    for page in ["query", "health_check"]:
        assert sum(value for series, value in counted.items() if page in series) == 3, f"{page}: {counted}"


def not_what_was_expected(lab):
    """What is no TLS at a listener of TLS, and TLS or noise at another, ends the connection at once; it is counted."""
    places, gateway = one_gateway(lab, {"secure": lab.authority.issue("server").server(), "clear": None})
    words = {
        "secure": [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", opening(), bytes(range(256)) * 100],
        "clear": [client_hello(), bytes(range(255, 0, -1)) * 1000],
    }
    for name, several in words.items():
        for protocol, place in places[name].items():
            for sent in several:
                assert ends(place, sent), f"{protocol}, {name}: still open after {sent[:20]}"
    for protocol in ["grpc", "http"]:
        wanted = len(words["secure"])
        until(lambda: failed(gateway, "secure", protocol) == wanted, f"{protocol}: {wanted} should be counted", 5)


TESTS = [
    versions_and_names,
    settings_are_kept,
    clients_certificates,
    servers_certificates,
    made_by_hand,
    pages,
    not_what_was_expected,
]


def one_gateway(lab, tls):
    """A gateway with a receiver, of both protocols, for each section of `tls`; their places, and itself."""
    lab.destination = lab.sink()
    places = {name: dict(zip(["grpc", "http"], lab.places(2))) for name in tls}
    receivers = {f"otlp/{name}": receiver(**places[name], tls=keys) for name, keys in tls.items()}
    return places, lab.gateway("server", {"receivers": receivers, "exporters": to_sink(lab.destination)})


def attempt(lab, gateway, places, name, protocol, client, kind, ca, identity, taken, counts=True):
    """One request over one handshake; it must be taken, or refused and, if it `counts`, counted."""
    what = f"{client} with certificate `{kind}` at `{name}`"
    request = plain(1, service_name=what)
    before = failed(gateway, name, protocol)
    why = getattr(lab.callers, client)(places[name][protocol], request, ca, identity)
    if taken:
        assert why is None, f"{what} was refused: {why}"
        arrived = lab.destination.wait_for(identities(request), ARRIVE_SECONDS)
        assert arrived, f"the span of {what} did not arrive"
        assert failed(gateway, name, protocol) == before, f"{what} counts as failed"
    else:
        assert why is not None, f"{what} was taken"
        until(
            lambda: not counts or failed(gateway, name, protocol) > before,
            f"{what} was refused ({why}) and not counted",
            ARRIVE_SECONDS,
        )
        assert not lab.destination.wait_for(identities(request), 0), f"the span of {what} arrived all the same"


def ends(place, sent):
    """Whether the server closes a connection that says this, soon, with or without an answer."""
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=ARRIVE_SECONDS) as connection:
        try:
            connection.sendall(sent)
            while connection.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


def failed(gateway, name, protocol):
    """How many handshakes failed at a receiver."""
    counted = gateway.metrics("^spanway_receiver_failed_handshakes")
    wanted = re.compile(rf'receiver="otlp/{name}".*transport="{protocol}"')
    return sum(value for series, value in counted.items() if wanted.search(series))
