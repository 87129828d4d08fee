"""The alerts and the dashboard: Prometheus' language, and metrics that Spanway has, under the labels that it gives them."""

import json
import re
import time

import promql_parser
import yaml
from lab import DEPLOY, ROOT, Ports

ALERTS = DEPLOY / "prometheus/alerts.yaml"
DASHBOARD = DEPLOY / "grafana/spanway.json"
SEVERITIES = {"critical", "warning", "info"}
# What Prometheus itself gives every series, and its own metric.
SCRAPED = {"job", "instance", "le"}
OTHERS = {"up": set()}
SEEN_SECONDS = 15

# Everything that measures: a journal, a store, queries, Kafka that is not there, a destination that takes nothing.
CONFIG = """
receivers:
  otlp: {{protocols: {{grpc: {{}}, http: {{}}}}}}
  kafka: {{brokers: ["127.0.0.1:1"], traces: {{topics: [spans]}}, group_id: alerts}}
processors:
  memory_limiter: {{check_interval: 1s, limit_mib: 256}}
  filter: {{trace_conditions: ['span.name == "GET /health"']}}
exporters:
  otlp_http: {{endpoint: 'http://127.0.0.1:1', sending_queue: {{storage: file_storage}}}}
  otlp_http/taken: {{endpoint: '{url}'}}
  store: {{directory: '{directory}/spans'}}
extensions:
  health_check: {{}}
  query: {{}}
  file_storage: {{directory: '{directory}/journals'}}
service:
  extensions: [health_check, query, file_storage]
  pipelines:
    traces: {{receivers: [otlp, kafka], processors: [memory_limiter, filter], exporters: [otlp_http]}}
    traces/kept: {{receivers: [otlp], exporters: [store, otlp_http/taken]}}
"""


def rules_are_whole(lab):
    """Each alert has a name of its own, an expression that Prometheus reads, a severity, a summary, and a paragraph in the manual."""
    manual = (ROOT / "docs/operations.md").read_text()
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)), names
    for rule in rules():
        promql_parser.parse(rule["expr"])
        assert rule["labels"]["severity"] in SEVERITIES, rule
        assert rule["annotations"]["summary"], rule
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s")), rule
        assert f"`{rule['alert']}`" in manual, f"docs/operations.md does not tell about {rule['alert']}"
    told = set(re.findall(r"`(Spanway[A-Z]\w+)`", manual))
    assert told == set(names), f"docs/operations.md tells about {told - set(names)}"
    return f"{len(names)} alerts"


def panels_are_whole(lab):
    """Each panel has a place of its own, a title and a query that Prometheus reads."""
    taken = {}
    for panel in panels():
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                assert x < 24, panel["title"]
                taken[x, y] = panel["title"]
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    for expression in dashboard():
        promql_parser.parse(expression)
    return f"{len(ids)} panels, {len(list(dashboard()))} queries"


def metrics_exist(lab):
    """What is asked for is on the page of a gateway that runs, or, where that needs a fault or a broker, in the sources; labels too."""
    scraped, written = on_the_page(lab), in_the_sources()
    shown, told = set(), set()
    for expression in [*(rule["expr"] for rule in rules()), *dashboard()]:
        for name, labels, matchers in selectors(promql_parser.parse(expression)):
            if name in OTHERS:
                continue
            known = scraped.get(name) or written.get(re.sub("_(bucket|sum|count)$", "", name)) or written.get(name)
            assert known, f"no metric is named {name}, in {expression}"
            (shown if name in scraped else told).add(name)
            assert labels <= known | SCRAPED, f"{name} has no label {labels - known - SCRAPED}, in {expression}"
            for value in matchers:
                assert value in literals(), f"nothing gives a label the value {value!r}, in {expression}"
    assert len(shown) > len(told), f"too little was seen on the page: {shown}"
    return f"{len(shown)} metrics on the page, {len(told)} in the sources: {', '.join(sorted(told))}"


def manuals_name_what_exists(lab):
    """Metrics in the pages for operators, and in the dashboard's variables, are in the sources."""
    written = in_the_sources()
    pages = [ROOT / "docs/operations.md", ROOT / "docs/kafka.md", ROOT / "docs/deploy.md"]
    named = [(page.name, name) for page in pages for name in re.findall(r"`((?:spanway|otelcol)_\w+)", page.read_text())]
    migration = (ROOT / "docs/migration.md").read_text()
    named += [("migration.md", name) for name in re.findall(r"`(spanway_\w+)", migration)]
    same = re.findall(r"`(otelcol_\w+)`[^|]*\| the same", migration)
    assert len(same) >= 8, same
    named += [("migration.md", name) for name in same]
    variables = json.loads(DASHBOARD.read_text())["templating"]["list"]
    queries = [variable["query"]["query"] for variable in variables if variable["type"] == "query"]
    named += [("the dashboard", re.search(r"label_values\((\w+)", query)[1]) for query in queries]
    missing = {(page, name) for page, name in named if re.sub("_(bucket|sum|count)$", "", name) not in written}
    assert not missing, missing
    return f"{len(set(name for _, name in named))} metrics"


def a_wrong_name_is_noticed(lab):
    """The test before this one can fail."""
    parsed = promql_parser.parse('sum by (exporter, colour) (rate(spanway_no_such_metric{state=~"lost|found"}[5m])) > 0')
    ((name, labels, values),) = selectors(parsed)
    assert name == "spanway_no_such_metric" and name not in in_the_sources()
    assert labels == {"state", "exporter", "colour"} and values == {"lost", "found"}, (labels, values)
    assert "lost" not in literals()


TESTS = [rules_are_whole, panels_are_whole, manuals_name_what_exists, a_wrong_name_is_noticed, metrics_exist]


def rules():
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def dashboard():
    """The queries of the dashboard, with Grafana's variables as it would put them."""
    for panel in panels():
        for target in panel.get("targets", []):
            yield target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1h")


def selectors(expression, grouped=frozenset()):
    """Each metric in an expression, with the labels that it must have and the values that matchers name.

    A label that an aggregation or a match asks for is asked of every metric below it.
    """
    kind = type(expression).__name__
    if kind == "MatrixSelector":
        expression, kind = expression.vector_selector, "VectorSelector"
    if kind == "VectorSelector":
        matchers = [matcher for matcher in expression.matchers.matchers if matcher.name != "__name__"]
        ours = [matcher for matcher in matchers if matcher.name not in SCRAPED]
        values = {value for matcher in ours for value in matcher.value.split("|")}
        return [(expression.name, {matcher.name for matcher in matchers} | grouped, values)]
    if kind == "BinaryExpr":
        matching = expression.modifier and expression.modifier.matching
        grouped = grouped | set(matching.labels if matching else [])
        return [found for side in (expression.lhs, expression.rhs) for found in selectors(side, grouped)]
    if kind == "AggregateExpr":
        below = set(expression.modifier.labels) if expression.modifier else set()
        return selectors(expression.expr, below)
    if kind == "Call":
        return [found for argument in expression.args for found in selectors(argument, grouped)]
    if kind in ("ParenExpr", "UnaryExpr", "SubqueryExpr"):
        return selectors(expression.expr, grouped)
    assert kind in ("NumberLiteral", "StringLiteral"), kind
    return []


def on_the_page(lab):
    """The metrics of a gateway that has taken and delivered spans and failed to deliver others, with their labels."""
    sink, ports = lab.sink(), Ports()
    config = lab.directory / "everything.yaml"
    config.write_text(CONFIG.format(url=sink.url, directory=lab.directory))
    gateway = lab.start([lab.binary, "--config", config, *ports.flags(query=True)], ports)
    assert gateway.send(10) == 200
    sink.wait_for_spans()
    deadline = time.monotonic() + SEEN_SECONDS
    while 'spanway_exporter_failing{exporter="otlp_http"} 1' not in gateway.scrape():
        assert time.monotonic() < deadline, "the destination that is not there is not seen to fail"
        time.sleep(0.1)
    found = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", gateway.scrape(), re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
        # Without labels of ours it is there all the same.
        found[name].add("")
    return found


def in_the_sources():
    """The metrics that the sources name, with the labels of their files."""
    found = {}
    for source in (ROOT / "src").rglob("*.rs"):
        if "tests" in source.parts or source.stem == "tests":
            continue
        text = source.read_text()
        names = re.findall(r'"((?:otelcol|spanway)_\w+)"', text)
        labels = set(re.findall(r'"(\w+)" =>', text)) | set(re.findall(r'Label::new\(\s*"(\w+)"', text)) | {"exporter", "receiver"}
        for name in names:
            found.setdefault(name, {""}).update(labels)
    return found


def literals():
    """The words between quotes in what tells about events."""
    folder = ROOT / "src/telemetry"
    texts = [path.read_text() for path in [*folder.rglob("*.rs"), ROOT / "src/cli/run.rs"]]
    return {word for text in texts for word in re.findall(r'"(\w+)"', text)}
