"""The fleet of deploy/compose: Compose takes the file, and each configuration in it fits what is around it."""

import json
import re

import compose_spec
import yaml
from lab import DEPLOY

FOLDER = DEPLOY / "compose"
DRAIN_SECONDS = 25


def compose_takes_it(lab):
    """The file is one of Compose's specification, which knows every key, and what it names is defined."""
    services = fleet()["services"]
    parsed = compose_spec.PyCompose.from_json(json.dumps(fleet()))
    parsed.validate()
    assert set(parsed.service_names()) == {"kafka", "gateway", "store-1", "store-2"}
    wrong = fleet()
    wrong["services"]["gateway"]["comand"] = "x"
    try:
        compose_spec.PyCompose.from_json(json.dumps(wrong))
    except ValueError:
        return f"{len(services)} services"
    raise AssertionError("the parser takes keys that do not exist")


def spanways_are_confined(lab):
    """Read-only, without capabilities, within a memory limit, and with the time to drain."""
    for name, service in spanways().items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["mem_limit"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert int(service["stop_grace_period"].rstrip("s")) > DRAIN_SECONDS, name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), f"{name} is open to everybody"


def configurations_fit(lab):
    """Each is sound; what it writes is on a volume; ports that are published are listened on; stores are in groups of their own."""
    groups = set()
    for name, service in spanways().items():
        mounts = dict(volume.split(":")[:2] for volume in service["volumes"])
        source = next(source for source, target in mounts.items() if target == "/etc/spanway/config.yaml")
        text = (FOLDER / source).read_text()
        lab.validate(FOLDER / source)
        config = yaml.safe_load(text)
        assert service["volumes"][0] == f"{name}:/data", name
        for directory in re.findall(r"directory: (\S+)", text):
            assert directory.startswith("/data/"), f"{name} writes to {directory}"
        listened = set(re.findall(r"0\.0\.0\.0:(\d+)", text)) | set(re.findall(r"host: 0\.0\.0\.0, port: (\d+)", text))
        published = {port.rsplit(":", 1)[1] for port in service["ports"]}
        assert published <= listened, f"{name} publishes {published - listened}, where nobody listens"
        brokers = (config["receivers"].get("kafka") or config["exporters"]["kafka"])["brokers"]
        assert brokers == ["${env:KAFKA:-kafka:9092}"], brokers
        if name != "gateway":
            groups.add(service["environment"]["GROUP"])
    assert len(groups) == 2, groups
    hosts = [port.rsplit(":", 1)[0] for service in spanways().values() for port in service["ports"]]
    assert len(hosts) == len(set(hosts)), f"a port is published twice: {hosts}"
    written, read = (yaml.safe_load((FOLDER / f"{name}.yaml").read_text()) for name in ["gateway", "store"])
    topic = written["exporters"]["kafka"]["traces"]["topic"]
    assert read["receivers"]["kafka"]["traces"]["topics"] == [topic]


TESTS = [compose_takes_it, spanways_are_confined, configurations_fit]


def fleet():
    """The file, with its variables at their defaults."""
    text = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", (FOLDER / "compose.yaml").read_text())
    return yaml.safe_load(text)


def spanways():
    return {name: service for name, service in fleet()["services"].items() if name != "kafka"}
