"""The files in config/ that hand spans to a product send what this product asks for."""

import json
from pathlib import Path

import yaml
from lab import ROOT, Ports

# By file: where its requests go, below the endpoint, and the headers that its product demands.
PRODUCTS = {
    "forward-posthog.yaml": (
        {"POSTHOG_PROJECT_TOKEN": "phc_token"},
        "https://us.i.posthog.com/i",
        "/i/v1/traces",
        {"authorization": "Bearer phc_token"},
    ),
    "forward-mackerel.yaml": (
        {"MACKEREL_APIKEY": "secret"},
        "https://otlp-vaxila.mackerelio.com",
        "/v1/traces",
        {"mackerel-api-key": "secret", "accept": "*/*"},
    ),
    "forward-traceloop.yaml": (
        {"TRACELOOP_API_KEY": "secret"},
        "https://api.traceloop.com",
        "/v1/traces",
        {"authorization": "Bearer secret"},
    ),
    "forward-phoenix.yaml": (
        {"PHOENIX_ENDPOINT": "https://phoenix.example.org", "PHOENIX_API_KEY": "secret", "PHOENIX_PROJECT": "shop"},
        "https://phoenix.example.org",
        "/v1/traces",
        {"authorization": "Bearer secret", "x-project-name": "shop"},
    ),
}


def products_get_what_they_ask_for(lab):
    """Each product's path and headers, protobuf, and a body below its limit; its endpoint is the product's own."""
    for name, (environment, endpoint, path, headers) in PRODUCTS.items():
        config = ROOT / "config" / name
        assert f"{host(endpoint)}" in config.read_text() or environment.get("PHOENIX_ENDPOINT"), f"{name}: not {endpoint}"
        sink, ports = lab.sink(), Ports()
        below = endpoint.split("//")[1].partition("/")[2]
        local = f"{sink.url}/{below}".rstrip("/")
        command = [lab.binary, "--config", config, *ports.flags(), *journal(lab, name)]
        # In the clear, to a destination on this machine.
        command += ["--set", f"exporters.otlp_http.endpoint={local}"]
        gateway = lab.start(command, ports, environment)
        assert gateway.send(3) == 200
        asked, sent, body = sink.wait_for_spans()
        assert asked == path, f"{name}: {asked}"
        wrong = {key: sent.get(key) for key, value in headers.items() if sent.get(key) != value}
        assert not wrong, f"{name}: {wrong}"
        assert sent["content-type"] == "application/x-protobuf", f"{name}: {sent['content-type']}"
        gateway.stop()
    return f"{len(PRODUCTS)} products"


def every_forward_is_tested(lab):
    """No example for a product is left out here."""
    there = {path.name for path in (ROOT / "config").glob("forward-*.yaml")}
    assert there == set(PRODUCTS), there ^ set(PRODUCTS)


def the_agent_says_where_spans_come_from(lab):
    """config/daemonset.yaml puts on spans what the node's environment says, and leaves what applications say."""
    sink, ports = lab.sink(), Ports()
    command = [lab.binary, "--config", ROOT / "config/daemonset.yaml", *ports.flags(), *journal(lab, "agent")]
    # The same pipeline, to a destination whose requests can be looked at.
    command += ["--set", "service.pipelines.traces.exporters=[otlp_http]"]
    command += ["--set", f"exporters.otlp_http={{endpoint: '{sink.url}', compression: none}}"]
    environment = {"OTEL_RESOURCE_ATTRIBUTES": "k8s.node.name=node-7,deployment.environment.name=agent"}
    gateway = lab.start(command, ports, environment)
    assert gateway.send(1, **{"deployment.environment.name": "application"}) == 200
    body = sink.wait_for_spans()[2]
    assert b"node-7" in body and b"application" in body and b"agent" not in body, body


def every_example_starts(lab):
    """Each file in config/ becomes a gateway that is healthy and stops in order, with its own keys but for addresses and paths."""
    examples = sorted((ROOT / "config").glob("*.yaml"))
    for path in examples:
        config, ports = yaml.safe_load(path.read_text()), Ports()
        extensions = list(config.get("extensions", {}))
        flags = ports.flags(otlp="otlp" in config["receivers"], query="query" in extensions)
        if "health_check" not in extensions:
            flags += ["--set", f"service.extensions={json.dumps([*extensions, 'health_check'])}"]
        if "keys" in extensions:
            # Its secrets are in files of the machine.
            key = {"name": "key", "secret": "0123456789abcdef", "permissions": ["admin"]}
            flags += ["--set", f"extensions.keys.keys={json.dumps([key])}"]
        if path.name in PRODUCTS:
            flags += ["--set", "exporters.otlp_http.endpoint=http://127.0.0.1:1"]
        data = str(lab.directory / path.stem)
        gateway = lab.start([lab.binary, "--config", path, *flags], ports, {"DATA": data, "STORAGE": data, "KAFKA": "127.0.0.1:1"})
        gateway.stop()
    return f"{len(examples)} examples"


TESTS = [every_example_starts, every_forward_is_tested, products_get_what_they_ask_for, the_agent_says_where_spans_come_from]


def journal(lab, name):
    """Flags that put the journal of an example, if it has one, into the test's directory."""
    text = (ROOT / "config" / (name if name.endswith(".yaml") else "daemonset.yaml")).read_text()
    directory = lab.directory / Path(name).stem
    return ["--set", f"extensions.file_storage.directory={directory}"] if "file_storage:" in text else []


def host(url):
    return url.split("//")[1].partition("/")[0]
