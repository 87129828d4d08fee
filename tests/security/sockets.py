"""Unix sockets: served, sent to, chained, with and without TLS; taken over after a kill, gone after a stop."""

import http.client
import os
import socket
import stat

import grpc
from callers import refusal
from lab import identities, receiver, to_sink
from spans import plain
from waiting import until

ARRIVE_SECONDS = 10


def taken_over(lab):
    """Sockets have the wanted mode; a gateway that was killed takes them over, one that stops removes them."""
    gateway, paths, sink = one_gateway(lab, "server", socket_mode="0660")
    for round_number, end in enumerate([gateway.kill, gateway.stop]):
        for path in paths.values():
            mode = stat.S_IMODE(os.stat(path).st_mode)
            assert stat.S_ISSOCK(os.stat(path).st_mode) and mode == 0o660, f"{path} has mode {mode:o}"
        arrive(lab, paths, sink, f"round {round_number}")
        listening = [name for name in os.listdir(lab.directory) if name.endswith(".new")]
        assert not listening, f"left over: {listening}"
        end()
        left = [str(path) for path in paths.values() if path.exists()]
        assert bool(left) == (end == gateway.kill), f"after {end.__name__} there are {left}"
        if end == gateway.kill:
            gateway.start()
    gateway.start()
    arrive(lab, paths, sink, "again")


def not_taken_over(lab):
    """A socket that somebody listens on, and a file that is no socket, are left alone, and it is said why."""
    gateway, paths, sink = one_gateway(lab, "first")
    file = lab.directory / "file"
    file.write_text("precious")
    for path, why in [(paths["grpc"], "somebody listens there"), (file, "no socket")]:
        parts = {"receivers": {"otlp/in": receiver(grpc=str(path), transport="unix")}, "exporters": {"nop": {}}}
        said, status = lab.run("--config", lab.make(path.name, parts).config)
        assert status != 0 and why in said and str(path) in said, f"status {status}: {said}"
    assert file.read_text() == "precious"
    arrive(lab, paths, sink, "still there")


def chained(lab):
    """Spans go from gateway to gateway over a socket, in the clear and over TLS; what waits meanwhile arrives."""
    server, client = lab.authority.issue("server"), lab.authority.issue("client")
    server_tls = server.server(client_ca_file=str(lab.authority.cert))
    client_tls = {"ca_file": str(lab.authority.cert), "server_name_override": "localhost", **client.server()}
    for name, theirs, ours in [("clear", {}, {"insecure": True}), ("tls", {"tls": server_tls}, client_tls)]:
        second, paths, sink = one_gateway(lab, f"{name}-second", **theirs)
        exporter = {
            "endpoint": f"unix://{paths['grpc']}",
            "tls": ours,
            "retry_on_failure": {"initial_interval": "100ms"},
            "sending_queue": {"storage": "file_storage"},
        }
        storage = {"file_storage": {"directory": str(lab.directory / f"{name}-storage")}}
        first = lab.gateway(
            f"{name}-first", {"receivers": {"otlp": {}}, "exporters": {"otlp_grpc": exporter}, "extensions": storage}
        )
        for round_number in range(2):
            request = plain(3, service_name=f"{name} {round_number}")
            first.send(request)
            if round_number == 0:
                assert sink.wait_for(identities(request), ARRIVE_SECONDS), f"{name}: the spans did not arrive"
                second.kill()
                continue
            until(lambda: "otlp_grpc" in first.health()[1], f"{name}: nothing is said of a socket that is gone")
            second.start()
            assert sink.wait_for(identities(request), ARRIVE_SECONDS), f"{name}: what waited did not arrive"


def over_tls(lab):
    """Clients of a socket may be asked for TLS and for a certificate, as those of a port."""
    tls = lab.authority.issue("server").server(client_ca_file=str(lab.authority.cert))
    gateway, paths, sink = one_gateway(lab, "server", tls=tls)
    good, stranger = lab.authority.issue("client"), lab.stranger.issue("client")
    for protocol in ["grpc", "http"]:
        for identity, taken in [(good, True), (stranger, False), (None, False)]:
            request = plain(1, service_name=f"{protocol} {identity and identity.cert}")
            ask = lambda: lab.callers.go(
                protocol, paths[protocol], request, lab.authority.cert, identity, name="localhost"
            )
            assert ask()["ok"] == taken, f"{protocol}, {identity and identity.cert}: {ask()}"
            assert sink.wait_for(identities(request), ARRIVE_SECONDS if taken else 0) == taken
        counted = gateway.metrics("failed_handshakes").items()
        refused = sum(value for series, value in counted if protocol in series and "otlp/in" in series)
        assert refused >= 2, f"{protocol}: {refused} failed handshakes are counted"


def escaped_authority(lab):
    """grpcio is served as it is: it names the escaped path as the authority, as all do that are made of its core."""
    _, paths, _ = one_gateway(lab, "server")
    with grpc.insecure_channel(f"unix:{paths['grpc']}") as channel:
        why = refusal(channel, plain(1))
    assert why is None, f"grpcio: {why}"


TESTS = [taken_over, not_taken_over, chained, over_tls, escaped_authority]


def one_gateway(lab, name, **keys):
    """A gateway at two sockets, their paths, and where its spans arrive."""
    sink = lab.sink()
    paths = {protocol: lab.directory / f"{name}-{protocol}.sock" for protocol in ["grpc", "http"]}
    places = {protocol: str(path) for protocol, path in paths.items()}
    parts = {"receivers": {"otlp/in": receiver(**places, transport="unix", **keys)}, "exporters": to_sink(sink)}
    return lab.gateway(name, parts), paths, sink


def arrive(lab, paths, sink, name):
    """A request of each client arrives."""
    sent = {client: plain(1, service_name=f"{name} {client}") for client in ["grpcio", "python", "go-grpc", "go-http"]}
    options = [("grpc.default_authority", "localhost")]
    with grpc.insecure_channel(f"unix:{paths['grpc']}", options) as channel:
        why = refusal(channel, sent["grpcio"])
        assert why is None, f"grpcio: {why}"
    connection = UnixConnection(paths["http"])
    connection.request(
        "POST", "/v1/traces", sent["python"].SerializeToString(), {"content-type": "application/x-protobuf"}
    )
    assert connection.getresponse().status == 200
    connection.close()
    for protocol in ["grpc", "http"]:
        answer = lab.callers.go(protocol, paths[protocol], sent[f"go-{protocol}"])
        assert answer["ok"], f"go, {protocol}: {answer}"
    for client, request in sent.items():
        assert sink.wait_for(identities(request), ARRIVE_SECONDS), f"{client}: the span did not arrive"


class UnixConnection(http.client.HTTPConnection):
    """HTTP/1.1 over a socket of this machine."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
