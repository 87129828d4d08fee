"""What the chart makes of sets of values, and ways to look at it."""

import yaml
from lab import DEPLOY

CHART = DEPLOY / "helm/spanway"
DESTINATION = "backend:4317"
APPLICATION = {"name": "shop", "image": "shop:1", "ports": [{"containerPort": 8080}]}

EVERYTHING = {
    "fullnameOverride": "spans",
    "image": {"repository": "images.example.org/spanway", "digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": [{"name": "pull"}],
    "ports": {"grpc": 14317, "http": 14318, "health": 23133, "metrics": 9999},
    "drainSeconds": 60,
    "autoscaling": {"enabled": True},
    "networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {}}], "metricsFrom": [{"podSelector": {}}]},
    "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "extraEnv": [{"name": "BACKEND_KEY", "valueFrom": {"secretKeyRef": {"name": "backend", "key": "key"}}}],
    "extraEnvFrom": [{"secretRef": {"name": "more"}}],
    "extraVolumes": [{"name": "keys", "secret": {"secretName": "keys"}}],
    "extraVolumeMounts": [{"name": "keys", "mountPath": "/keys", "readOnly": True}],
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "platform"},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"operator": "Exists"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}}
    ],
    "priorityClassName": "high",
    "config": {"exporters": {"otlp_grpc": {"headers": {"authorization": "Bearer ${env:BACKEND_KEY}"}}}},
}
OWN_EXPORTER = {
    "destination": "",
    "config": {
        "exporters": {"otlp_http": {"endpoint": "http://backend:4318", "sending_queue": {"storage": "file_storage"}}},
        "service": {"pipelines": {"traces": {"exporters": ["otlp_http"]}}},
    },
}
ALTERNATE = {
    "alternateConfig": {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}}}},
        "exporters": {"debug": {}},
        "extensions": {"health_check": {"endpoint": "0.0.0.0:13133"}},
        "service": {
            "drain_timeout": "25s",
            "extensions": ["health_check"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}},
            "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": "0.0.0.0", "port": 8888}}}}]}},
        },
    }
}

CASES = {
    "gateway": {"mode": "gateway"},
    "gateway with everything": {"mode": "gateway", **EVERYTHING},
    "gateway without a volume": {"mode": "gateway", "persistence": {"enabled": False}, "replicas": 1},
    "gateway with an exporter of its own": {"mode": "gateway", **OWN_EXPORTER},
    "gateway with a configuration of its own": {"mode": "gateway", **ALTERNATE},
    "daemonset": {"mode": "daemonset"},
    "daemonset with everything": {"mode": "daemonset", **EVERYTHING},
    "daemonset without ports of the host": {"mode": "daemonset", "daemonset": {"hostPorts": False}},
    "sidecar": {"mode": "sidecar"},
    "sidecar beside a container": {"mode": "sidecar", "sidecar": {"containers": [APPLICATION]}},
    "sidecar with everything": {
        "mode": "sidecar",
        **EVERYTHING,
        "metrics": {"sidecar": True},
        "sidecar": {"containers": [APPLICATION]},
    },
}
# The workload of each mode.
WORKLOADS = {"gateway": "StatefulSet", "daemonset": "DaemonSet", "sidecar": "Deployment"}

_rendered = {}


def rendered(lab):
    """The results of all cases, by name; rendered once."""
    if not _rendered:
        values = [{"destination": DESTINATION, **case} for case in CASES.values()]
        _rendered.update(zip(CASES, render(lab, values)))
    return _rendered


def render(lab, values):
    return lab.renderer.render([{"chart": str(CHART), "release": "spans", "values": one} for one in values])


def manifests(result):
    """The objects in what was rendered; notes are none."""
    files = {path: text for path, text in (result["files"] or {}).items() if path.endswith(".yaml")}
    return [manifest for text in files.values() for manifest in yaml.safe_load_all(text) if manifest]


def by_kind(result):
    kinds = {}
    for manifest in manifests(result):
        kinds.setdefault(manifest["kind"], []).append(manifest)
    return kinds


def spanways(lab):
    """The containers of Spanway in all cases, with their pods."""
    for name in CASES:
        kinds = by_kind(rendered(lab)[name])
        for kind in WORKLOADS.values():
            for workload in kinds.get(kind, []):
                pod = workload["spec"]["template"]["spec"]
                found = [one for one in [*pod["containers"], *pod.get("initContainers", [])] if one["name"] == "spanway"]
                assert len(found) == 1, name
                yield name, found[0], pod


def config_of(lab, name):
    (configmap,) = by_kind(rendered(lab)[name])["ConfigMap"]
    return yaml.safe_load(configmap["data"]["config.yaml"])


def health_port(config):
    return port_of(config["extensions"]["health_check"]["endpoint"])


def port_of(endpoint):
    return int(endpoint.rsplit(":", 1)[1])
