"""The ports of a gateway: those that were configured and no others, and a warning for each that strangers may use."""

import os
import re
import socket
import stat
from pathlib import Path

from lab import receiver
from waiting import until

LISTENING = "0A"


def exactly_those(lab):
    """With everything on, the process listens where it was told to, and nowhere else; it sends no datagrams either."""
    gateway, wanted, paths = everything(lab, "0.0.0.0", authenticated=False)
    gateway.start()
    until(lambda: sockets(gateway, "tcp") == wanted, lambda: f"listens at {sockets(gateway, 'tcp')}, not {wanted}", 10)
    assert not sockets(gateway, "udp"), f"has sockets of UDP: {sockets(gateway, 'udp')}"
    found = set(unix_sockets(gateway))
    assert {Path(one).name for one in found} == {path.name for path in paths}, f"{found}"
    # The store's own is for `spanway query` by the same user.
    mode = stat.S_IMODE(paths[-1].stat().st_mode)
    assert mode & 0o077 == 0 or private(paths[-1].parent), f"{paths[-1]} has mode {mode:o}, for others too"
    return f"{len(wanted)} of TCP, {len(paths)} of this machine"


def nothing_by_default(lab):
    """Without endpoints, all ports are of loopback alone."""
    parts = {
        "receivers": {"otlp/in": {"protocols": {"grpc": {}, "http": {}}}},
        "exporters": {"store": {"directory": str(lab.directory / "store")}},
        "extensions": {"health_check": {}, "query": {}},
    }
    said, status = lab.run("print-config", "--config", lab.make("defaults", parts).config)
    assert status == 0, said
    endpoints = re.findall(r"endpoint: (\S+)", said)
    assert len(endpoints) == 4 and all(one.startswith("localhost:") for one in endpoints), f"{endpoints}"


def strangers_are_warned_about(lab):
    """Receivers and queries that everybody may use are named, with their place, at the start and by `validate`."""
    gateway, _, _ = everything(lab, "0.0.0.0", authenticated=False)
    for said in both(lab, gateway):
        for place in gateway.places_of_data:
            assert any(place in line for line in warnings(said)), f"no warning names {place}:\n{said}"


def pages_are_warned_about(lab):
    """So are the health page and the metrics."""
    gateway, _, _ = everything(lab, "0.0.0.0", authenticated=False)
    for said in both(lab, gateway):
        for place in gateway.places_of_pages:
            assert any(place in line for line in warnings(said)), f"no warning names {place}:\n{said}"


def no_warning_without_need(lab):
    """Where keys are asked for, and on loopback, there is no such warning."""
    for host, authenticated in [("0.0.0.0", True), ("127.0.0.1", False)]:
        gateway, _, _ = everything(lab, host, authenticated)
        for said in both(lab, gateway):
            for place in gateway.places_of_data:
                found = [line for line in warnings(said) if place in line]
                assert not found, f"{host}, authenticated {authenticated}: {found}"


TESTS = [
    exactly_those,
    nothing_by_default,
    strangers_are_warned_about,
    pages_are_warned_about,
    no_warning_without_need,
]


def everything(lab, host, authenticated):
    """A gateway with all that can listen, not started; the places where it should, and its sockets."""
    grpc, http, tls_grpc, query, health, metrics, local, other = [int(place.split(":")[1]) for place in lab.places(8)]
    at = lambda port: f"{host}:{port}"
    auth = {"auth": {"authenticator": "keys"}} if authenticated else {}
    tls = lab.authority.issue("server").server()
    paths = [lab.directory / f"{host}-{authenticated}.sock"]
    prometheus = {"host": host, "port": metrics}
    name = f"everything-{host}-{authenticated}"
    parts = {
        "receivers": {
            "otlp/all": receiver(at(grpc), at(http), **auth),
            "otlp/tls": receiver(at(tls_grpc), tls=tls, **auth),
            "otlp/local": receiver(f"localhost:{local}"),
            "otlp/socket": receiver(str(paths[0]), transport="unix"),
        },
        "exporters": {
            "store": {"directory": str(lab.directory / f"{name}-store")},
            "otlp_grpc": {"endpoint": "localhost:1", "tls": {"insecure": True}},
            "otlp_http": {"endpoint": "http://localhost:1"},
            "debug": {},
        },
        "extensions": {
            "health_check": {"endpoint": at(health)},
            "query": {"endpoint": at(query), **auth},
            "keys": {"keys": [{"name": "one", "secret": "x" * 32, "permissions": ["ingest", "read"]}]},
            "pprof": {"endpoint": at(other)},
            "zpages": {"endpoint": at(other)},
            "file_storage": {"directory": str(lab.directory / f"{name}-storage")},
        },
        "service": {"telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": prometheus}}}]}}},
    }
    gateway = lab.make(name, parts)
    gateway.health_place = f"127.0.0.1:{health}"
    gateway.places_of_data = [at(grpc), at(http), at(tls_grpc), at(query)]
    gateway.places_of_pages = [at(health), at(metrics)]
    wanted = {(host, port) for port in [grpc, http, tls_grpc, query, health, metrics]} | {("127.0.0.1", local)}
    paths.append(lab.directory / f"{name}-store" / "query.sock")
    return gateway, wanted | ({("::1", local)} if has_ipv6() else set()), paths


def both(lab, gateway):
    """What `validate` says, and what the log of a gateway that starts says."""
    said, status = lab.run("validate", "--config", gateway.config)
    assert status == 0, said
    gateway.start()
    gateway.stop()
    return [said, gateway.log()]


def warnings(said):
    """Lines that warn, each with those that go on below it."""
    return [part for part in re.split(r"\n(?=\S)", said) if re.search(r"\bwarning\b|\bWARN\b", part, re.I)]


def sockets(gateway, protocol):
    """Addresses and ports of the process's sockets: those of TCP that listen, all of UDP."""
    own = inodes(gateway)
    found = set()
    for table in [protocol, f"{protocol}6"]:
        path = Path(f"/proc/{gateway.process.pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            columns = line.split()
            if columns[9] in own and (protocol == "udp" or columns[3] == LISTENING):
                found.add(address(columns[1]))
    return found


def unix_sockets(gateway):
    """Paths that the process listens at."""
    own = inodes(gateway)
    lines = Path(f"/proc/{gateway.process.pid}/net/unix").read_text().splitlines()[1:]
    # Listening sockets alone accept connections: the flag __SO_ACCEPTCON.
    rows = [line.split() for line in lines]
    return [row[7].removesuffix(".new") for row in rows if row[6] in own and row[3] == "00010000" and len(row) > 7]


def inodes(gateway):
    directory = Path(f"/proc/{gateway.process.pid}/fd")
    links = []
    for entry in directory.iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            continue
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def address(text):
    """Of `0100007F:10E1`: words of four bytes in the machine's order."""
    host, port = text.split(":")
    raw = b"".join(bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)


def private(directory):
    return stat.S_IMODE(directory.stat().st_mode) & 0o077 == 0


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
            return True
    except OSError:
        return False
