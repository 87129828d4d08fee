"""The Helm chart: helm's own packages render it in every mode, Kubernetes' schemas take it, and pods are as they should be."""

import json
import re
import shutil

import kubernetes_validate
import yaml
from lab import DEPLOY, ROOT, Ports
from manifests import CASES, CHART, DESTINATION, WORKLOADS, by_kind, config_of, health_port, manifests, port_of, render, rendered, spanways

KUBERNETES = "1.34"
# For kinds that operators bring; Kubernetes itself has no schema of them.
BROUGHT = {"PodMonitor", "PrometheusRule"}
DEAD_LETTERS_MIB = 1024


def helm_takes_it(lab):
    """helm lint has nothing to say, and every mode renders with every set of values."""
    for name, result in rendered(lab).items():
        assert not result["error"], f"{name}: {result['error']}"
        assert not result["lint"], f"{name}: {result['lint']}"
    return f"{len(CASES)} sets of values"


def kubernetes_takes_it(lab):
    """Each manifest is of Kubernetes' schema, which refuses keys that it does not know."""
    count = 0
    for name, result in rendered(lab).items():
        for manifest in manifests(result):
            if manifest["kind"] in BROUGHT:
                continue
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
            count += 1
    return f"{count} manifests"


def modes_are_what_they_say(lab):
    """Each mode has its workload, and what goes with it."""
    for name, values in CASES.items():
        kinds = by_kind(rendered(lab)[name])
        mode = values["mode"]
        wanted = WORKLOADS[mode] if mode != "sidecar" or values.get("sidecar") else None
        there = set(WORKLOADS.values()) & kinds.keys()
        assert there == ({wanted} if wanted else set()), f"{name}: {there}"
        assert len(kinds["ConfigMap"]) == 1, name
        assert ("PodDisruptionBudget" in kinds) == (mode == "gateway"), name
        assert len(kinds.get("Service", [])) == {"gateway": 2, "daemonset": 1, "sidecar": 0}[mode], name
        everything = "everything" in name
        assert ("NetworkPolicy" in kinds) == (everything and mode != "sidecar"), name
        assert ("HorizontalPodAutoscaler" in kinds) == (everything and mode == "gateway"), name
        assert {"PodMonitor", "PrometheusRule"} <= kinds.keys() or not everything, name
        if mode == "gateway":
            (workload,) = kinds["StatefulSet"]
            headless = [service for service in kinds["Service"] if service["spec"].get("clusterIP") == "None"]
            assert [workload["spec"]["serviceName"]] == [service["metadata"]["name"] for service in headless], name
            assert ("replicas" in workload["spec"]) == (not everything), f"{name}: the autoscaler would be overruled"


def pods_are_confined_and_probed(lab):
    """No root, no writable root, no capability, a memory limit; probes of ports that are there; more time to stop than the drain takes."""
    for name, container, pod in spanways(lab):
        security = container["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] > 0 and security["readOnlyRootFilesystem"], name
        assert security["capabilities"] == {"drop": ["ALL"]} and not security["allowPrivilegeEscalation"], name
        assert security["seccompProfile"]["type"] == "RuntimeDefault", name
        assert container["resources"]["limits"]["memory"], name
        assert pod["automountServiceAccountToken"] is False, name
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        is_sidecar = container.get("restartPolicy") == "Always"
        # A sidecar that cannot take spans must not take its application out of service.
        probes = {"startupProbe", "livenessProbe"} | (set() if is_sidecar else {"readinessProbe"})
        assert probes == {key for key in container if key.endswith("Probe")}, name
        for probe in probes:
            asked = container[probe].get("httpGet") or container[probe]["tcpSocket"]
            assert ports[asked["port"]] == health_port(config_of(lab, name)), f"{name}: {probe}"
        drain = int(config_of(lab, name)["service"]["drain_timeout"].rstrip("s"))
        before = 0 if is_sidecar else container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] > drain + before, name
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert "spanway-config" in mounted, name
    return f"{len(list(spanways(lab)))} pods"


def selectors_find_pods(lab):
    """Services, budgets, policies and monitors select the workload's pods by labels that these have; names of ports are theirs."""
    for name in CASES:
        kinds = by_kind(rendered(lab)[name])
        workloads = [workload for kind in WORKLOADS.values() for workload in kinds.get(kind, [])]
        for workload in workloads:
            template = workload["spec"]["template"]
            labels = template["metadata"]["labels"].items()
            selectors = [workload["spec"]["selector"]["matchLabels"]]
            selectors += [service["spec"]["selector"] for service in kinds.get("Service", [])]
            for kind in ["PodDisruptionBudget", "PodMonitor"]:
                selectors += [one["spec"]["selector"]["matchLabels"] for one in kinds.get(kind, [])]
            selectors += [policy["spec"]["podSelector"]["matchLabels"] for policy in kinds.get("NetworkPolicy", [])]
            for selector in selectors:
                assert selector and selector.items() <= labels, f"{name}: {selector}"
            spec = template["spec"]
            containers = [*spec["containers"], *spec.get("initContainers", [])]
            ports = {port.get("name") for container in containers for port in container.get("ports", [])}
            asked = [port["targetPort"] for service in kinds.get("Service", []) for port in service["spec"]["ports"]]
            asked += [end["port"] for monitor in kinds.get("PodMonitor", []) for end in monitor["spec"]["podMetricsEndpoints"]]
            assert set(asked) <= ports, f"{name}: {set(asked) - ports}"
            volumes = {volume["name"] for volume in spec.get("volumes", [])}
            volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
            mounted = {mount["name"] for container in containers for mount in container.get("volumeMounts", [])}
            assert mounted <= volumes, f"{name}: {mounted - volumes}"
            accounts = [account["metadata"]["name"] for account in kinds["ServiceAccount"]]
            assert spec["serviceAccountName"] in accounts, name


def configurations_run(lab):
    """What the ConfigMap holds is sound, listens where the pod says it does, and keeps its journal on the volume, which is large enough."""
    for name, values in CASES.items():
        (configmap,) = by_kind(rendered(lab)[name])["ConfigMap"]
        said = lab.validate(configmap["data"]["config.yaml"])
        assert "where other machines can send" not in said or values["mode"] != "sidecar", f"{name}: a sidecar listens to others: {said}"
    for name, container, _ in spanways(lab):
        config = config_of(lab, name)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        protocols = config["receivers"]["otlp"]["protocols"]
        listened = {f"otlp-{protocol}": port_of(protocols[protocol]["endpoint"]) for protocol in protocols}
        listened["health"] = health_port(config)
        readers = config["service"]["telemetry"]["metrics"].get("readers")
        if readers:
            listened["metrics"] = readers[0]["pull"]["exporter"]["prometheus"]["port"]
        assert listened.items() <= ports.items(), f"{name}: {listened} and {ports}"
    for name in CASES:
        for workload in by_kind(rendered(lab)[name]).get("StatefulSet", []):
            claims = workload["spec"].get("volumeClaimTemplates", [])
            storage = config_of(lab, name).get("extensions", {}).get("file_storage")
            if not storage:
                assert not claims or "own" in name, f"{name}: a volume that nobody uses"
                continue
            mounts = workload["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
            (path,) = [mount["mountPath"] for mount in mounts if mount["name"] == claims[0]["metadata"]["name"]]
            assert storage["directory"].startswith(f"{path}/"), name
            size = claims[0]["spec"]["resources"]["requests"]["storage"]
            assert int(size.removesuffix("Gi")) * 1024 > storage["limit_mib"] + DEAD_LETTERS_MIB, f"{name}: {size}"


def a_gateway_of_it_starts(lab):
    """The gateway's configuration, started as it is but for addresses and paths, keeps spans while its destination is away."""
    config = lab.directory / "gateway.yaml"
    config.write_text(by_kind(rendered(lab)["gateway"])["ConfigMap"][0]["data"]["config.yaml"])
    ports = Ports()
    moved = ["--set", f"extensions.file_storage.directory={lab.directory}/data", "--set", "exporters.otlp_grpc.endpoint=127.0.0.1:1"]
    gateway = lab.start([lab.binary, "--config", config, *ports.flags(), *moved], ports)
    assert gateway.send(3) == 200
    gateway.stop()
    assert any((lab.directory / "data").rglob("*")), "nothing is on the volume"


def a_change_of_configuration_is_a_change_of_pods(lab):
    """The checksum on pods follows the configuration, and nothing else; selectors follow nothing, as they cannot be upgraded."""
    base = {"mode": "gateway", "destination": DESTINATION}
    one, same, other = render(lab, [base, {**base, "replicas": 5}, {**base, "destination": "elsewhere:4317"}])
    workloads = [by_kind(result)["StatefulSet"][0]["spec"] for result in (one, same, other)]
    checksums = [spec["template"]["metadata"]["annotations"]["checksum/spanway-config"] for spec in workloads]
    assert checksums[0] == checksums[1] != checksums[2], checksums
    selectors = [spec["selector"] for spec in workloads]
    assert selectors[0] == selectors[1] == selectors[2], selectors


def other_charts_take_the_sidecar(lab):
    """A chart that depends on this one puts the sidecar into its own pods, in three lines."""
    parent = lab.directory / "shop"
    (parent / "templates").mkdir(parents=True)
    shutil.copytree(CHART, parent / "charts/spanway", symlinks=False)
    (parent / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\ndescription: a shop\n")
    (parent / "templates/deployment.yaml").write_text(PARENT)
    values = {"spanway": {"mode": "sidecar", "destination": DESTINATION}}
    (result,) = lab.renderer.render([{"chart": str(parent), "release": "shop", "values": values}])
    assert not result["error"], result["error"]
    (deployment,) = by_kind(result)["Deployment"]
    kubernetes_validate.validate(deployment, KUBERNETES, strict=True)
    pod = deployment["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["restartPolicy"] == "Always", pod
    assert pod["volumes"][0]["configMap"]["name"] == by_kind(result)["ConfigMap"][0]["metadata"]["name"]


def mistakes_are_named(lab):
    """A wrong value is an error that names it, before anything is sent to a cluster."""
    wrong = {
        "/mode": {"mode": "deployment"},
        "say where spans go": {"mode": "gateway"},
        "replica": {"mode": "gateway", "destination": DESTINATION, "replica": 3},
        "/ports/grpc": {"mode": "gateway", "destination": DESTINATION, "ports": {"grpc": 443}},
        "/image/digest": {"mode": "gateway", "destination": DESTINATION, "image": {"digest": "latest"}},
    }
    for (word, values), result in zip(wrong.items(), render(lab, wrong.values())):
        assert word in result["error"], f"{values}: {result['error']}"


def defaults_are_described(lab):
    """Every value is in the schema, and the schema has no other; the alerts in the chart are those of deploy/prometheus."""
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    # helm adds these two to a chart that others depend on.
    assert set(values) == set(schema) - {"global", "enabled"}, set(values) ^ set(schema)
    for key, value in values.items():
        if "properties" in schema[key]:
            assert set(value) == set(schema[key]["properties"]), key
    assert (CHART / "files/alerts.yaml").read_text() == (DEPLOY / "prometheus/alerts.yaml").read_text()
    version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == version


def what_the_manual_shows_renders(lab):
    """The commands and values of docs/deploy.md are those of this chart."""
    manual = (ROOT / "docs/deploy.md").read_text()
    shown = [dict(pair.split("=") for pair in line.split(",")) for line in re.findall(r"helm install .* --set (\S+?)`", manual)]
    shown += [yaml.safe_load(block) for block in re.findall(r"```yaml\n(mode:.*?)```", manual, re.DOTALL)]
    assert {values["mode"] for values in shown} == set(WORKLOADS), shown
    for values, result in zip(shown, render(lab, shown)):
        assert not result["error"], f"{values}: {result['error']}"
        lab.validate(by_kind(result)["ConfigMap"][0]["data"]["config.yaml"])
    return f"{len(shown)} sets of values"


TESTS = [
    defaults_are_described,
    what_the_manual_shows_renders,
    helm_takes_it,
    kubernetes_takes_it,
    modes_are_what_they_say,
    pods_are_confined_and_probed,
    selectors_find_pods,
    configurations_run,
    a_gateway_of_it_starts,
    a_change_of_configuration_is_a_change_of_pods,
    other_charts_take_the_sidecar,
    mistakes_are_named,
]

PARENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
      annotations:
        {{- include "spanway.sidecar.annotations" .Subcharts.spanway | nindent 8 }}
    spec:
      initContainers:
        {{- include "spanway.sidecar.container" .Subcharts.spanway | nindent 8 }}
      containers:
        - name: shop
          image: shop:1
      volumes:
        {{- include "spanway.sidecar.volumes" .Subcharts.spanway | nindent 8 }}
"""
