"""The ways in and out: headers, patterns of topics, static members, encryption and passwords."""

import re

from compare import differences, identity

from broker import PASSWORD, SCRAM, USER
from members import assigned
from spans import normal_forms, plain
from spanway import from_kafka, to_kafka, with_journal
from waiting import until

ARRIVE_SECONDS = 30


def what_a_message_carries(lab):
    """The topic comes from an attribute of the resource, headers from the configuration and from the client."""
    lab.cluster.create_topic("doors-named")
    parts = to_kafka(
        lab.cluster.bootstrap,
        "doors-other",
        topic_from_attribute="service.name",
        record_headers=[{"name": "origin", "value": "tests"}],
        include_metadata_keys=["x-tenant"],
    )
    parts["receivers"]["otlp"] = {"protocols": {"http": {"include_metadata": True}}}
    gateway = lab.gateway("writer", parts)
    gateway.send(plain(2, "doors-named", seed=1), {"x-tenant": "blue"})
    gateway.send(plain(2, "doors-named", seed=2), {"x-tenant": "red"})
    headers = [dict(record.headers) for record in lab.topic("doors-named").read()]
    wanted = [{"origin": b"tests", "x-tenant": tenant} for tenant in [b"blue", b"red"]]
    assert headers == wanted, f"the messages have the headers {headers}"


def headers_become_attributes(lab):
    """The headers that are asked for become attributes of the resources of their message, and of no other."""
    lab.cluster.create_topic("doors-headers")
    sink = lab.sink()
    colours = ["blue", "red", "", "grün"]
    requests = [plain(3, colour, seed=1) for colour in colours]
    lab.topic("doors-headers").write([
        {"value": request.SerializeToString(), "headers": [("colour", colour.encode()), ("secret", b"unasked")]}
        for request, colour in zip(requests, colours)
    ])
    settings = {"group_id": "headers", "header_extraction": {"extract_headers": True, "headers": ["colour", "absent"]}}
    lab.gateway("reader", from_kafka(lab.cluster.bootstrap, ["doors-headers"], url(sink), **settings))
    for request, colour in zip(requests, colours):
        attribute = request.resource_spans[0].resource.attributes.add(key="kafka.header.colour")
        attribute.value.string_value = colour
    compare(sink, requests)


def topics_by_pattern(lab):
    """A pattern finds topics, also one that is created later, but for those that are excluded."""
    for name in ["doors-region-a", "doors-region-b-private"]:
        lab.cluster.create_topic(name)
    sink = lab.sink()
    pattern = from_kafka(
        lab.cluster.bootstrap,
        ["^doors-region-.*"],
        url(sink),
        group_id="pattern",
        traces={"exclude_topics": ["^doors-region-.*-private$"]},
        metadata={"refresh_interval": "1s"},
    )
    lab.gateway("reader", pattern)
    wanted, private, later = (plain(3, name) for name in ["a", "private", "later"])
    write(lab, "doors-region-b-private", private)
    write(lab, "doors-region-a", wanted)
    compare(sink, [wanted])
    lab.cluster.create_topic("doors-region-c")
    write(lab, "doors-region-c", later)
    compare(sink, [later])


def static_members(lab):
    """A member with a name of its own that restarts in time gets its partitions back, and nobody else notices."""
    lab.cluster.create_topic("doors-static", 4)
    sink = lab.sink()
    topic = lab.topic("doors-static")
    settings = {"group_id": "static", "session_timeout": "20s", "heartbeat_interval": "500ms"}
    members = {}
    for name in ["here", "away"]:
        parts = from_kafka(lab.cluster.bootstrap, ["doors-static"], url(sink), group_instance_id=name, **settings)
        members[name] = lab.gateway(name, parts)
    admin = lab.admin()

    def shared():
        return assigned(admin, "static")

    until(lambda: sorted(map(len, shared().values())) == [2, 2], lambda: f"assigned: {shared()}")
    before = shared()
    members["away"].stop()
    requests = {partition: plain(1, f"partition {partition}") for partition in range(4)}
    topic.write([{"value": request.SerializeToString(), "partition": one} for one, request in requests.items()])
    compare(sink, [requests[partition] for partition in before["here"]])
    assert shared() == before, f"assigned: {shared()} after {before}, while a member is away"
    members["away"].start()
    compare(sink, [requests[partition] for partition in before["away"]])
    assert shared() == before, f"assigned: {shared()} after {before}"


def a_name_that_another_takes(lab):
    """A member whose name another one takes says that it reads nothing any more; the other reads, and both stay up."""
    lab.cluster.create_topic("doors-fenced")
    sink = lab.sink()
    settings = {"group_id": "fenced", "group_instance_id": "only", "heartbeat_interval": "500ms"}
    parts = from_kafka(lab.cluster.bootstrap, ["doors-fenced"], url(sink), **settings)
    first = lab.gateway("first", parts)
    admin = lab.admin()
    until(lambda: any(assigned(admin, "fenced").values()), "the first gets no partition")
    second = lab.gateway("second", parts)
    until(lambda: "nothing is read any more" in first.log(), "the first does not say that it has ended")
    request = plain(3)
    write(lab, "doors-fenced", request)
    compare(sink, [request])
    assert first.process.poll() is None and second.process.poll() is None, "a gateway has ended"


def encrypted(lab):
    """TLS, a client's certificate, PLAIN and SCRAM: spans go in and come out."""
    sinks = {f"doors-secure-{name.lower()}": lab.sink() for name in secure(lab)}
    request = plain(3, "secure")
    exporters, receivers, destinations, pipelines = {}, {}, {}, {}
    for (topic, sink), (bootstrap, settings) in zip(sinks.items(), secure(lab).values()):
        lab.cluster.create_topic(topic)
        writer = to_kafka(bootstrap, topic, **settings)
        reader = from_kafka(bootstrap, [topic], url(sink), group_id=topic, **settings)
        exporters[f"kafka/{topic}"] = writer["exporters"]["kafka"]
        receivers[f"kafka/{topic}"] = reader["receivers"]["kafka"]
        destinations[f"otlp_http/{topic}"] = reader["exporters"]["otlp_http"]
        pipelines[f"traces/{topic}"] = {"receivers": [f"kafka/{topic}"], "exporters": [f"otlp_http/{topic}"]}
    lab.gateway("reader", {"receivers": receivers, "exporters": destinations, "pipelines": pipelines})
    lab.gateway("writer", {"receivers": {"otlp": {}}, "exporters": exporters}).send(request)
    for sink in sinks.values():
        compare(sink, [request])
    return ", ".join(secure(lab))


def wrong_password_of_an_exporter(lab):
    """A gateway whose password is wrong stays up, says so in its log, and shows it."""
    bootstrap, settings = wrong_password(lab)
    lab.cluster.create_topic("doors-wrong")
    parts = with_journal(to_kafka(bootstrap, "doors-wrong", **settings), lab.directory / "storage")
    gateway = lab.gateway("writer", parts)
    gateway.send(plain(3))
    return told(gateway)


def wrong_password_of_a_receiver(lab):
    """A gateway whose password is wrong stays up, says so in its log, and shows it."""
    bootstrap, settings = wrong_password(lab)
    nowhere = "http://127.0.0.1:9"
    gateway = lab.gateway("reader", from_kafka(bootstrap, ["doors-wrong"], nowhere, group_id="wrong", **settings))
    return told(gateway)


TESTS = [
    what_a_message_carries,
    headers_become_attributes,
    topics_by_pattern,
    static_members,
    a_name_that_another_takes,
    encrypted,
    wrong_password_of_an_exporter,
    wrong_password_of_a_receiver,
]


def secure(lab):
    """Every secure way to connect: the addresses, and what a component is told."""
    certificates = lab.certificates
    trust = {"ca_file": str(certificates.ca)}
    proof = {"cert_file": str(certificates.client_cert), "key_file": str(certificates.client_key)}
    return {
        "TLS": (lab.cluster.listener("TLS"), {"tls": trust}),
        "MTLS": (lab.cluster.listener("MTLS"), {"tls": {**trust, **proof}}),
        **{name: (lab.cluster.listener("SASL"), sasl(trust, name, PASSWORD)) for name in ["PLAIN", *SCRAM]},
    }


def sasl(trust, mechanism, password):
    return {"tls": trust, "auth": {"sasl": {"mechanism": mechanism, "username": USER, "password": password}}}


def wrong_password(lab):
    return lab.cluster.listener("SASL"), sasl({"ca_file": str(lab.certificates.ca)}, "SCRAM-SHA-256", "wrong")


def told(gateway):
    """Waits for what a gateway says about a wrong password, on its metrics and in its log; returns the log's line."""

    def errors():
        return gateway.metrics("spanway_kafka_errors")

    until(lambda: any(count > 0 for name, count in errors().items() if "Authentication" in name), lambda: f"{errors()}")
    line = until(lambda: re.search("code=.*invalid credentials.*", gateway.log()), "the log does not speak of it")
    assert gateway.process.poll() is None, "the gateway has ended"
    return line.group()


def url(sink):
    return f"http://127.0.0.1:{sink.http_port}"


def write(lab, topic, request):
    lab.topic(topic).write([{"value": request.SerializeToString()}])


def compare(sink, requests):
    """Waits for the spans of the requests; nothing else may have arrived."""
    wanted = normal_forms(requests)
    sink.wait_for({identity(span) for span in wanted}, ARRIVE_SECONDS)
    faults = differences(wanted, sink.drain())
    assert not faults, "; ".join(faults)
