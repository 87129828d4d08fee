"""Certificates that are replaced under load: no request fails, the newest is served, and metrics tell it all."""

import socket
import ssl
import time

from authorities import Identity
from lab import receiver
from spans import plain
from waiting import until

TURNS = 20
RELOAD = {"reload_interval": "50ms"}
SETTLE_SECONDS = 10


def under_load(lab):
    """Twenty certificates, written badly, are taken one by one while fresh and lasting connections send."""
    served = lab.authority.issue("served")
    gateway, grpc_place, http_place = one_gateway(lab, served.server(**RELOAD))
    request = plain(1)
    flags = {"ca": lab.authority.cert, "pause": "5ms"}
    fresh = [
        lab.load("http", http_place, request, fresh="true", **flags),
        lab.load("grpc", grpc_place, request, fresh="true", **flags),
    ]
    lasting = lab.load("grpc", grpc_place, request, **flags)
    counted = lambda name, transport: metric(gateway, f"spanway_tls_{name}", transport)

    for turn in range(TURNS):
        following = lab.authority.issue(f"turn-{turn}", days=turn + 2)
        before = {transport: counted("reloads", transport) for transport in ["grpc", "http"]}
        WRITERS[turn % len(WRITERS)](served, following)
        for transport in before:
            until(
                lambda: (
                    counted("reloads", transport) > before[transport]
                    and counted("certificate_expiry_timestamp_seconds", transport) == following.ends
                ),
                f"{transport}: turn {turn} was not read, or not told",
                SETTLE_SECONDS,
            )
            assert counted("reload_failing", transport) == 0, f"{transport}: is said to be failing"

    reports = [load.finish() for load in [*fresh, lasting]]
    for report in reports:
        assert report["requests"] > TURNS and report["failed"] == 0, f"requests failed: {report['errors']} of {report}"
    for report in reports[:2]:
        assert len(report["serials"]) == TURNS + 1, f"not each certificate was seen: {len(report['serials'])}"
    assert len(reports[2]["serials"]) == 1, "the lasting connection did not last"
    for protocol, place in [("grpc", grpc_place), ("http", http_place)]:
        one = lab.callers.go(protocol, place, request, lab.authority.cert)
        assert one["serial"] == following.serial, f"{protocol} does not serve the newest certificate"
        failures = counted("reload_failures", protocol)
        assert failures > 0, f"{protocol}: no failure is counted, though garbage was written"
    told = gateway.log().count("certificates that changed cannot be used")
    assert told > 0, "no line says that there was garbage"
    seconds = sum(report["requests"] for report in reports)
    return f"{seconds} requests, {told} lines about garbage"


def as_kubernetes_does(lab):
    """A directory with both files that is replaced by turning a symbolic link is taken, and no request fails."""
    volume = lab.directory / "volume"
    volume.mkdir()
    served = Identity(volume, "tls")
    for path in [served.cert, served.key]:
        path.symlink_to(f"..data/{path.name}")

    def turn(number):
        following = lab.authority.issue(f"turn-{number}")
        version, link = volume / f"..version-{number}", volume / "..data.new"
        version.mkdir()
        Identity(version, "tls").become(following)
        link.symlink_to(version.name)
        link.rename(volume / "..data")
        return following

    turn(0)
    gateway, grpc_place, http_place = one_gateway(lab, served.server(**RELOAD))
    flags = {"ca": lab.authority.cert, "pause": "5ms", "fresh": "true"}
    loads = [lab.load("grpc", grpc_place, plain(1), **flags), lab.load("http", http_place, plain(1), **flags)]
    for number in range(1, 6):
        following = turn(number)
        for protocol, place in [("grpc", grpc_place), ("http", http_place)]:
            newest = lambda: lab.callers.go(protocol, place, plain(1), lab.authority.cert)["serial"] == following.serial
            until(newest, f"{protocol}: turn {number} was not taken", SETTLE_SECONDS)
    reports = [load.finish() for load in loads]
    assert all(report["failed"] == 0 and report["requests"] > 5 for report in reports), f"requests failed: {reports}"


def an_authority_that_is_removed(lab):
    """Clients of an authority that left `client_ca_file` are refused from then on; those of a new one are not."""
    authorities = lab.directory / "authorities.pem"
    ours, theirs = lab.authority.cert.read_bytes(), lab.stranger.cert.read_bytes()
    authorities.write_bytes(ours + theirs)
    server = lab.authority.issue("server")
    gateway, grpc_place, http_place = one_gateway(lab, server.server(client_ca_file=str(authorities), **RELOAD))
    clients = {"ours": lab.authority.issue("client"), "theirs": lab.stranger.issue("client")}

    def taken(name):
        ca, identity = lab.authority.cert, clients[name]
        answers = [
            lab.callers.go_grpc(grpc_place, plain(1), ca, identity),
            lab.callers.go_http(http_place, plain(1), ca, identity),
            lab.callers.grpcio(grpc_place, plain(1), ca, identity),
            lab.callers.python(http_place, plain(1), ca, identity),
        ]
        return [why is None for why in answers]

    for content, expected in [(ours + theirs, (True, True)), (ours, (True, False)), (theirs, (False, True))]:
        authorities.write_bytes(content)
        # What counts is a handshake that begins when the interval is over.
        time.sleep(0.06)
        for name, wanted in zip(["ours", "theirs"], expected):
            assert taken(name) == [wanted] * 4, f"{name} should be {'taken' if wanted else 'refused'}: {taken(name)}"
    for transport in ["grpc", "http"]:
        reloads = metric(gateway, "spanway_tls_reloads", transport)
        assert reloads == 2, f"{transport}: {reloads} reloads are counted, not 2"


def sessions_do_not_outlive_their_authority(lab):
    """A client that resumes a session, without showing its certificate, is refused once its authority is gone."""
    authorities = lab.directory / "authorities.pem"
    ours, theirs = lab.authority.cert.read_bytes(), lab.stranger.cert.read_bytes()
    authorities.write_bytes(ours + theirs)
    server = lab.authority.issue("server")
    _, _, place = one_gateway(lab, server.server(client_ca_file=str(authorities), **RELOAD))
    client = lab.stranger.issue("client")
    resumed = []
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        authorities.write_bytes(ours + theirs)
        time.sleep(0.06)
        context = ssl.create_default_context(cafile=lab.authority.cert)
        context.load_cert_chain(client.cert, client.key)
        context.minimum_version = context.maximum_version = version
        session, _ = asked(context, place)
        session, reused = asked(context, place, session)
        resumed.append(reused)
        authorities.write_bytes(ours)
        time.sleep(0.06)
        try:
            asked(context, place, session)
        except OSError:
            continue
        raise AssertionError(f"{version.name}: the session was resumed")
    return f"resumed before: {resumed}"


TESTS = [under_load, as_kubernetes_does, an_authority_that_is_removed, sessions_do_not_outlive_their_authority]


def asked(context, place, session=None):
    """Asks something over HTTP/1.1; the session that the server gave, and whether one was resumed."""
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain_socket:
        with context.wrap_socket(plain_socket, server_hostname="localhost", session=session) as secured:
            secured.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            if not secured.recv(1000).startswith(b"HTTP/1.1 "):
                raise ConnectionError("closed without an answer")
            return secured.session, secured.session_reused


def one_gateway(lab, tls):
    grpc_place, http_place = lab.places(2)
    parts = {"receivers": {"otlp/in": receiver(grpc_place, http_place, tls)}, "exporters": {"nop": {}}}
    return lab.gateway("server", parts), grpc_place, http_place


def metric(gateway, name, transport):
    """A metric of the certificates of one listener."""
    values = [value for series, value in gateway.metrics(f"^{name}$").items() if transport in series]
    assert len(values) <= 1, f"{name} is there more than once"
    return sum(values)


# === ways to replace two files, none of them good ===


def key_first(served, following):
    following_key, following_cert = following.key.read_bytes(), following.cert.read_bytes()
    served.key.write_bytes(following_key)
    time.sleep(0.1)
    served.cert.write_bytes(following_cert)


def certificate_first(served, following):
    served.cert.write_bytes(following.cert.read_bytes())
    time.sleep(0.1)
    served.key.write_bytes(following.key.read_bytes())


def slowly(served, following):
    """Empty at first, then in halves."""
    for path, whole in [(served.key, following.key.read_bytes()), (served.cert, following.cert.read_bytes())]:
        with open(path, "wb", buffering=0) as file:
            time.sleep(0.07)
            file.write(whole[: len(whole) // 2])
            time.sleep(0.07)
            file.write(whole[len(whole) // 2 :])


def with_garbage(served, following):
    served.cert.write_bytes(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n")
    served.key.write_bytes(b"\0\xff garbage")
    time.sleep(0.1)
    served.key.unlink()
    time.sleep(0.07)
    served.become(following)


def atomically(served, following):
    """The one good way, as it can be with two files."""
    for here, there in [(served.key, following.key), (served.cert, following.cert)]:
        ready = here.with_suffix(".new")
        ready.write_bytes(there.read_bytes())
        ready.rename(here)


WRITERS = [key_first, certificate_first, slowly, with_garbage, atomically]
