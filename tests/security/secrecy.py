"""Secrets that are written in a configuration, or that clients send, appear in nothing that the gateway says."""

import os
import re
import urllib.error
import urllib.request
from functools import partial

from lab import receiver
from spans import plain
from spanway import with_journal
from vault import Vault
from waiting import until


def said_while_running(lab):
    """A gateway with secrets in every place says none: log at level debug, metrics, health page, answers."""
    vault, gateway = gateway_of_secrets(lab)
    gateway.start()
    gateway.send(plain(3))
    bearer = partial(send, gateway, vault)
    assert bearer({"authorization": f"Bearer {gateway.good}"}) == 200
    assert bearer({"authorization": f"Bearer {vault.new('a wrong bearer token')}"}) == 401
    assert bearer({"authorization": f"Basic {vault.new('wrong basic credentials')}"}) == 401
    assert bearer({}, f"?token={vault.new('a wrong token of the URL')}") == 401
    assert bearer({}, f"?token={gateway.good}") in (200, 401)
    assert bearer({"authorization": f"Bearer {gateway.good}"}, body=b"\xff" * 100) == 400
    assert bearer({"authorization": f"Bearer {gateway.good}", "content-encoding": "gzip"}) == 400
    assert bearer({"authorization": f"Bearer {gateway.good}"}, path="/v1/elsewhere") == 404
    answers = []
    for path in ["/v1/projects", "/api/v0/traces", "/v2/traces", "/api/projects/1/tracing", "/nothing"]:
        for token in [gateway.good, vault.new(f"a wrong token at {path}")]:
            answers += asked(f"http://{gateway.query_place}{path}?token={token}", {"authorization": f"Bearer {token}"})
            answers += asked(f"http://{gateway.query_place}{path}", {"x-api-key": token})
    failing = lambda: sum(gateway.metrics("^spanway_exporter_failing$").values())
    until(lambda: failing() >= 3, lambda: f"{failing()} exporters fail", 20)
    metrics = "\n".join(asked(f"http://{gateway.metrics_place}/metrics"))
    health = gateway.health()[1]
    gateway.stop()
    log = gateway.log()
    assert "DEBUG" in log, "nothing was logged at level debug"
    for what, said in [("log", log), ("metrics", metrics), ("health page", health), ("answers", "\n".join(answers))]:
        assert said, f"nothing to look at: {what}"
        assert not vault.found(said), f"the {what} shows: {vault.found(said)}"
    return f"{len(log.splitlines())} lines"


def said_by_commands(lab):
    """Neither do `validate`, `print-config`, with origins or without, and `components`; `print-config` marks each."""
    vault, gateway = gateway_of_secrets(lab)
    environment = {**os.environ, **gateway.variables}
    assert len(vault.found(gateway.config.read_text())) > 30, "the secrets are not where they should be"
    wanted = [
        ["validate"],
        ["print-config"],
        ["print-config", "--origins"],
        ["print-config", "--set", f"exporters.otlp_http/one.headers.more={vault.new('a header of --set')}"],
        ["validate", "--set", f"exporters.otlp_http/one.headers.more={vault.new('another header of --set')}"],
    ]
    for words in wanted:
        said, status = lab.run(*words, "--config", gateway.config, environment=environment)
        assert status == 0, f"{words}: {said}"
        assert not vault.found(said), f"{words} shows: {vault.found(said)}"
        if words[0] == "print-config":
            assert said.count("[REDACTED]") >= 15, f"{words} redacts too little:\n{said}"
    for words in [["components"], ["components", "--markdown"]]:
        said, status = lab.run(*words, environment=environment)
        assert status == 0 and not vault.found(said), f"{words} shows: {vault.found(said)}"


def said_of_mistakes(lab):
    """A message about a mistake beside a secret, or in it, shows no secret, and nothing of the environment."""
    vault = Vault()
    new = vault.new
    exporters = f"""
  otlp_grpc/list:
    endpoint: localhost:1
    headers: {{authorization: [{new("list 1")}, {new("list 2")}]}}
  otlp_grpc/map:
    endpoint: localhost:1
    headers: {{authorization: {{a: {new("map")}}}}}
  otlp_grpc/mistyped-map:
    endpoint: localhost:1
    heders: {{authorization: {new("mistyped map")}}}
  otlp_grpc/mistyped-key:
    endpoint: localhost:1
    tls: {{key_pme: {new("mistyped key")}}}
  otlp_grpc/bad-pem:
    endpoint: localhost:1
    tls: {{cert_pem: "{new("bad certificate")}", key_pem: "{new("bad key")}"}}
  otlp_grpc/half-pem:
    endpoint: localhost:1
    tls: {{key_pem: "-----BEGIN PRIVATE KEY-----\\n{new("half key")}"}}
  otlp_grpc/header:
    endpoint: localhost:1
    headers: {{authorization: "line\\n{new("header with a line break")}"}}
  otlp_http/duration:
    endpoint: http://localhost:1
    timeout: ${{env:WRONG_DURATION}}
  otlp_http/file:
    endpoint: http://localhost:1
    timeout: ${{file:{written(lab, new("a file"))}}}
  otlp_http/unknown:
    endpoint: http://localhost:1
    nonsense: ${{env:WRONG_KEY}}
  kafka/mechanism:
    auth: {{sasl: {{mechanism: WRONG, username: u, password: {new("beside a wrong mechanism")}}}}}
  kafka/mistyped:
    auth: {{plain_text: {{username: u, passwrod: {new("mistyped password")}}}}}
"""
    extensions = f"""
  keys/1:
    keys:
      - {{name: a, secret: {new("beside wrong permissions")}, permissions: [nonsense]}}
      - {{name: b, secret: {{a: {new("secret that is a map")}}}, permissions: [read]}}
      - {{name: c, secret_sha256: {vault.add("hash", new("whole hash")[:60])}, permissions: [read]}}
      - {{name: d, secrte: {new("mistyped secret")}, permissions: [read]}}
      - {{name: e, secret: {new("twice")}, secret_file: /nowhere, permissions: [read]}}
"""
    config = lab.directory / "mistakes.yaml"
    names = re.findall(r"^  (\S+):$", exporters, re.MULTILINE)
    config.write_text(
        f"receivers: {{otlp: {{protocols: {{grpc: }}}}}}\nexporters:{exporters}extensions:{extensions}"
        f"service:\n  extensions: [keys/1]\n"
        f"  pipelines: {{traces: {{receivers: [otlp], exporters: [{', '.join(names)}]}}}}\n"
    )
    variables = {"WRONG_DURATION": new("a duration of the environment"), "WRONG_KEY": new("an unknown key's value")}
    for words in [["validate"], ["run"], ["print-config"]]:
        said, status = lab.run(*words, "--config", config, environment={**os.environ, **variables})
        assert status != 0, f"{words}: the mistakes were taken"
        assert not vault.found(said), f"{words} shows: {vault.found(said)}"
    errors = said.count("error: ")
    assert errors >= len(names), f"only {errors} mistakes were found:\n{said}"
    return f"{errors} errors"


def user_info_in_urls(lab):
    """A password in the URL of an endpoint, which is not taken, is not shown."""
    vault = Vault()
    config = lab.directory / "url.yaml"
    config.write_text(
        f"receivers: {{otlp: {{protocols: {{grpc: }}}}}}\n"
        f"exporters:\n  otlp_http:\n    endpoint: https://user:{vault.new('a password in a URL')}@localhost:1\n"
        "service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}}\n"
    )
    said, status = lab.run("validate", "--config", config)
    assert status != 0, "it was taken"
    assert not vault.found(said), f"validate shows: {vault.found(said)}"


TESTS = [said_while_running, said_by_commands, said_of_mistakes, user_info_in_urls]


def gateway_of_secrets(lab):
    """A gateway with secrets wherever there is room for one, whose destinations fail; not started."""
    vault = Vault()
    identity = lab.authority.issue("identity")
    pair = lambda place: {
        "cert_pem": vault.key(f"certificate of {place}", identity.cert),
        "key_pem": vault.key(f"key of {place}", identity.key),
    }
    grpc, http, query, nobody = lab.places(4)
    auth = {"auth": {"authenticator": "keys"}}
    good = vault.new("a key")
    variables = {
        "TOKEN": vault.new("a header of the environment"),
        "PASSWORD": vault.new("a password of the environment"),
    }
    file = written(lab, vault.new("a header of a file"))
    parts = {
        "receivers": {
            "otlp": {},
            "otlp/keys": receiver(http=http, **auth),
            "otlp/tls": receiver(grpc, tls=pair("a receiver")),
        },
        "processors": {
            "redaction": {"allow_all_keys": True, "hash_function": "hmac-sha256", "hmac_key": vault.new("hmac")}
        },
        "exporters": {
            "otlp_http/one": {
                "endpoint": f"http://{nobody}",
                "headers": {"authorization": f"Bearer {vault.new('a header')}", "x-token": "${env:TOKEN}"},
            },
            "otlp_http/two": {
                "endpoint": f"https://{nobody}",
                "headers": {"x-token": f"${{file:{file}}}"},
                "tls": {**pair("an exporter"), "ca_pem": vault.key("an authority", lab.authority.cert)},
            },
            "otlp_grpc": {
                "endpoint": nobody,
                "headers": {"authorization": f"Basic {vault.new('a header of gRPC')}"},
                "tls": pair("an exporter of gRPC"),
            },
            "kafka": {
                "brokers": [nobody],
                "auth": {"sasl": {"mechanism": "PLAIN", "username": "user", "password": "${env:PASSWORD}"}},
                "record_headers": {"x-token": vault.new("a header of Kafka")},
            },
            "kafka/older": {
                "brokers": [nobody],
                "auth": {"plain_text": {"username": "user", "password": vault.new("a password of plain_text")}},
            },
        },
        "extensions": {
            "keys": {
                "keys": [
                    {"name": "one", "secret": good, "permissions": ["ingest", "read"]},
                    {"name": "two", "secret_sha256": vault.new("a hash"), "permissions": ["ingest"]},
                    {
                        "name": "three",
                        "secret_file": str(written(lab, vault.new("a key in a file"))),
                        "permissions": ["read"],
                    },
                ]
            },
            "query": {"endpoint": query, **auth},
        },
        "service": {"telemetry": {"logs": {"level": "debug"}}, "drain_timeout": "1s"},
    }
    parts = with_journal(parts, lab.directory / "storage") | {"extensions": parts["extensions"] | storage(lab)}
    parts["exporters"]["store"] = {"directory": str(lab.directory / "store")}
    parts["pipelines"] = {
        "traces": {
            "receivers": list(parts["receivers"]),
            "processors": ["redaction"],
            "exporters": list(parts["exporters"]),
        }
    }
    gateway = lab.make("secrets", parts, variables)
    gateway.good, gateway.query_place, gateway.keys_place, gateway.variables = good, query, http, variables
    return vault, gateway


def storage(lab):
    return {"file_storage": {"directory": str(lab.directory / "storage")}}


def written(lab, text):
    path = lab.directory / f"file-{len(os.listdir(lab.directory))}"
    path.write_text(text + "\n")
    return path


def send(gateway, vault, headers, query="", path="/v1/traces", body=None):
    """Sends spans to the receiver that asks for keys; the status of the answer, which shows no secret."""
    body = plain(1).SerializeToString() if body is None else body
    headers = {"content-type": "application/x-protobuf", **headers}
    asked = urllib.request.Request(f"http://{gateway.keys_place}{path}{query}", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        said = refused.read().decode(errors="replace") + str(refused.headers)
        assert not vault.found(said), f"an answer shows: {vault.found(said)}"
        return refused.code


def asked(url, headers={}):
    """The answer and its head, whatever its status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return [answer.read().decode(errors="replace"), str(answer.headers)]
    except urllib.error.HTTPError as refused:
        return [refused.read().decode(errors="replace"), str(refused.headers)]
