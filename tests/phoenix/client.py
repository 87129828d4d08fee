"""Phoenix's official Python client works against the gateway, every call of it that is about spans. client.py BINARY."""

import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pandas
from httpx import HTTPStatusError
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from phoenix.client import Client
from phoenix.client.resources.spans import SpanCreationError
from phoenix.client.types.spans import SpanQuery

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sdk"))
from gateway import free_ports

START_SECONDS = 30
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)

CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:{ingest}'}}}}}}}}
exporters: {{store: {{directory: '{directory}'}}}}
extensions: {{query: {{endpoint: '127.0.0.1:{api}'}}}}
service:
  extensions: [query]
  pipelines: {{traces: {{receivers: [otlp], exporters: [store]}}}}
  telemetry: {{metrics: {{level: none}}}}
"""


def main(binary):
    faults = 0
    with tempfile.TemporaryDirectory(prefix="spanway-phoenix-") as scratch:
        ingest, api = free_ports(2)
        config = Path(scratch) / "gateway.yaml"
        config.write_text(CONFIG.format(ingest=ingest, api=api, directory=Path(scratch) / "spans"))
        log = Path(scratch) / "gateway.log"
        with open(log, "wb") as out:
            gateway = subprocess.Popen([binary, "--config", config], stdout=out, stderr=out)
        try:
            wait_until_ready(gateway, api)
            client = Client(base_url=f"http://127.0.0.1:{api}")
            ids = send(f"http://127.0.0.1:{ingest}/v1/traces")
            for check in CHECKS:
                try:
                    check(client, ids)
                except Exception:
                    faults += 1
                    print(f"--- {check.__name__}: {check.__doc__}")
                    traceback.print_exc()
        finally:
            gateway.terminate()
            gateway.wait(30)
        if faults:
            print(log.read_text(errors="replace")[-4000:])
    print(f"{len(CHECKS)} checks with the official client, {faults} failed")
    return 1 if faults else 0


def wait_until_ready(gateway, api):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and gateway.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{api}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"the gateway did not answer in {START_SECONDS} s; exit status {gateway.poll()}")


# === what is sent ===


def send(endpoint):
    """A trace of a retriever and a model below a chain, as an SDK sends it; its ids by name."""
    provider = TracerProvider(resource=Resource({"openinference.project.name": "shop", "service.name": "agent"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    tracer = provider.get_tracer("test")
    attributes = {
        "root": {
            "openinference.span.kind": "CHAIN",
            "session.id": "talk-1",
            "input.value": "question",
            "output.value": "answer",
            "metadata": '{"tier": "gold"}',
        },
        "find": {
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.content": "first",
            "retrieval.documents.1.document.content": "second",
        },
        "ask": {
            "openinference.span.kind": "LLM",
            "llm.model_name": "some-model",
            "llm.token_count.prompt": 10,
            "llm.token_count.completion": 5,
        },
    }
    ids = {}
    with tracer.start_as_current_span("root", attributes=attributes["root"]) as root:
        ids["root"] = f"{root.get_span_context().span_id:016x}"
        ids["trace"] = f"{root.get_span_context().trace_id:032x}"
        for name in ["find", "ask"]:
            with tracer.start_as_current_span(name, attributes=attributes[name]) as child:
                ids[name] = f"{child.get_span_context().span_id:016x}"
    provider.shutdown()
    return ids


def logged(number, **members):
    """A span for `log_spans`."""
    return {
        "name": f"logged {number}",
        "context": {"trace_id": f"trace-{number // 10}", "span_id": f"span-{number}"},
        "span_kind": "TOOL",
        "start_time": (START + timedelta(seconds=number)).isoformat(),
        "end_time": (START + timedelta(seconds=number, milliseconds=250)).isoformat(),
        "status_code": "OK",
        "attributes": {"number": number, "deep": {"list": [1, 2]}},
    } | members


# === what must hold ===


def reads_spans(client, ids):
    """Spans come newest first, with their kinds, parents and attributes."""
    spans = client.spans.get_spans(project_identifier="shop")
    assert [span["name"] for span in spans] == ["root", "ask", "find"], spans
    root, ask, find = spans
    assert root["parent_id"] is None and ask["parent_id"] == find["parent_id"] == ids["root"]
    assert root["attributes"]["metadata.tier"] == "gold"
    assert find["attributes"]["retrieval.documents.1.document.content"] == "second"
    assert ask["context"] == {"trace_id": ids["trace"], "span_id": ids["ask"]}


def filters_spans(client, ids):
    """Every filter of the client chooses."""

    def names(**filters):
        return [span["name"] for span in client.spans.get_spans(project_identifier="shop", **filters)]

    assert names(span_kind="LLM") == ["ask"]
    assert names(span_kind=["LLM", "RETRIEVER"]) == ["ask", "find"]
    assert names(name="find") == ["find"]
    assert names(trace_ids=[ids["trace"]], limit=2) == ["root", "ask"]
    assert names(trace_ids=["0" * 31 + "1"]) == []
    assert names(span_ids=[ids["ask"], ids["root"]]) == ["root", "ask"]
    assert names(parent_id="null") == ["root"]
    assert names(parent_id=ids["root"]) == ["ask", "find"]
    assert names(status_code="UNSET") == ["root", "ask", "find"] and names(status_code="ERROR") == []
    assert names(attributes={"llm.token_count.prompt": 10}) == ["ask"]
    assert names(attributes={"metadata.tier": "gold", "session.id": "talk-1"}) == ["root"]
    assert names(end_time=START) == []


def logs_spans(client, _):
    """Spans with ids that are any text are logged, read page by page, and refused a second time."""
    spans = [logged(number) for number in range(250)]
    created = client.spans.log_spans(project_identifier="logged", spans=spans)
    assert created["total_queued"] == 250, created
    found = client.spans.get_spans(project_identifier="logged", limit=1000)
    assert [span["context"]["span_id"] for span in found] == [f"span-{n}" for n in reversed(range(250))]
    assert found[0]["attributes"] == {"number": 249, "deep.list": [1, 2]}, found[0]
    assert found[0]["span_kind"] == "TOOL" and found[0]["start_time"] == "2026-03-01T12:04:09+00:00"
    again = client.spans.get_spans(project_identifier="logged", span_ids=["span-7"], trace_ids=["trace-0"])
    assert [span["name"] for span in again] == ["logged 7"]
    try:
        client.spans.log_spans(project_identifier="logged", spans=[logged(7), logged(1000)])
        raise AssertionError("a span was logged twice")
    except SpanCreationError as error:
        assert [span["span_id"] for span in error.duplicate_spans] == ["span-7"], error
    try:
        client.spans.log_spans(project_identifier="logged", spans=[logged(1001, start_time="2026-03-01T12:00:00")])
        raise AssertionError("a time without offset was taken")
    except SpanCreationError as error:
        assert error.invalid_spans[0]["span_id"] == "span-1001", error
    assert client.spans.get_spans(project_identifier="logged", span_ids=["span-1000", "span-1001"]) == []


def logs_a_dataframe(client, _):
    """A table that was read can be logged elsewhere."""
    rows = [logged(number) for number in range(2000, 2003)]
    table = pandas.DataFrame(
        {
            "name": [row["name"] for row in rows],
            "span_kind": "CHAIN",
            "context.span_id": [row["context"]["span_id"] for row in rows],
            "context.trace_id": "trace-table",
            "start_time": pandas.to_datetime([row["start_time"] for row in rows]),
            "end_time": pandas.to_datetime([row["end_time"] for row in rows]),
            "status_code": "OK",
            "attributes.llm.model_name": "some-model",
        }
    )
    assert client.spans.log_spans_dataframe(project_identifier="tables", spans_dataframe=table)["total_queued"] == 3
    found = client.spans.get_spans(project_identifier="tables")
    assert {span["attributes"]["llm.model_name"] for span in found} == {"some-model"}, found


def reads_dataframes(client, ids):
    """Tables hold all spans, or those of a condition; columns can be chosen."""
    table = client.spans.get_spans_dataframe(project_identifier="shop")
    assert sorted(table["name"]) == ["ask", "find", "root"], table
    row = table.loc[ids["ask"]]
    assert row["span_kind"] == "LLM" and row["attributes.llm.token_count.prompt"] == 10
    assert str(table["start_time"].dtype).startswith("datetime64") and "UTC" in str(table["start_time"].dtype)
    assert table.loc[ids["root"]]["attributes.metadata"] == {"tier": "gold"}
    project = client.projects.get(project_name="shop")["id"]
    query = SpanQuery().where("span_kind == 'LLM' and llm.token_count.prompt > 9 or name in ['find']")
    chosen = client.spans.get_spans_dataframe(query=query, project_identifier=project)
    assert sorted(chosen["name"]) == ["ask", "find"], chosen
    query = SpanQuery().where("parent_id is None").select("name", "latency_ms")
    chosen = client.spans.get_spans_dataframe(query=query, project_identifier="shop")
    assert list(chosen.columns) == ["name", "latency_ms"] and list(chosen["name"]) == ["root"], chosen
    assert client.spans.get_spans_dataframe(project_identifier="nobody").empty


def annotates_spans(client, ids):
    """Annotations are kept, overwritten by their key, listed, and notes stand apart."""
    added = client.spans.add_span_annotation(
        span_id=ids["ask"], annotation_name="good", annotator_kind="LLM", label="yes", score=0.5, sync=True
    )
    again = client.spans.add_span_annotation(
        span_id=ids["ask"], annotation_name="good", annotator_kind="HUMAN", score=1, explanation="why", sync=True
    )
    assert added["id"] == again["id"], (added, again)
    assert client.spans.add_span_annotation(span_id="not-yet", annotation_name="early", score=1) is None
    rows = [
        {"span_id": ids[name], "name": "batch", "annotator_kind": "CODE", "result": {"score": 1}, "metadata": {"a": 1}}
        for name in ["root", "find"]
    ]
    assert len(client.spans.log_span_annotations(span_annotations=rows, sync=True)) == 2
    table = pandas.DataFrame({"span_id": [ids["root"]], "label": ["fine"], "score": [0.25]})
    client.spans.log_span_annotations_dataframe(dataframe=table, annotation_name="table", annotator_kind="CODE")
    note = client.spans.add_span_note(span_id=ids["root"], note="look here")
    assert note["id"]
    listed = client.spans.get_span_annotations(
        span_ids=[ids["root"], ids["find"], ids["ask"]], project_identifier="shop"
    )
    assert sorted(one["name"] for one in listed) == ["batch", "batch", "good", "table"], listed
    good = next(one for one in listed if one["name"] == "good")
    assert good["result"] == {"label": None, "score": 1, "explanation": "why"} and good["annotator_kind"] == "HUMAN"
    notes = client.spans.get_span_annotations(
        span_ids=[ids["root"]], project_identifier="shop", include_annotation_names=["note"], exclude_annotation_names=[]
    )
    assert [one["result"]["explanation"] for one in notes] == ["look here"], notes
    table = client.spans.get_span_annotations_dataframe(span_ids=[ids["root"]], project_identifier="shop", limit=1)
    assert sorted(table["annotation_name"]) == ["batch", "table"], table
    status(404, lambda: client.spans.add_span_note(span_id="nobody", note="x"))
    status(404, lambda: client.spans.add_span_annotation(span_id="nobody", annotation_name="x", score=1, sync=True))
    client.spans.log_spans(
        project_identifier="late", spans=[logged(9000, context={"trace_id": "late", "span_id": "not-yet"})]
    )
    early = client.spans.get_span_annotations(span_ids=["not-yet"], project_identifier="late")
    assert [one["name"] for one in early] == ["early"], early


def annotates_documents(client, ids):
    """Documents that a span found are annotated by their place."""
    added = client.spans.add_document_annotation(
        span_id=ids["find"], document_position=1, annotation_name="relevant", score=1, sync=True
    )
    assert added["id"]
    rows = [{"span_id": ids["find"], "document_position": 0, "name": "relevant", "annotator_kind": "LLM", "result": {"score": 0}}]
    assert len(client.spans.log_document_annotations(document_annotations=rows, sync=True)) == 1
    table = pandas.DataFrame({"span_id": [ids["find"]], "document_position": [0], "score": [1.0]})
    client.spans.log_document_annotations_dataframe(dataframe=table, annotation_name="table", annotator_kind="LLM")
    beyond = lambda: client.spans.add_document_annotation(
        span_id=ids["find"], document_position=2, annotation_name="relevant", score=1, sync=True
    )
    status(422, beyond)


def reads_and_annotates_traces(client, ids):
    """Traces come with their tokens and spans, filtered and page by page; annotations are kept."""
    (trace,) = client.traces.get_traces(project_identifier="shop", include_spans=True)
    assert trace["trace_id"] == ids["trace"] and trace["token_count_total"] == 15, trace
    assert [span["name"] for span in trace["spans"]] == ["root", "find", "ask"], trace
    assert client.traces.get_traces(project_identifier="shop", session_id="talk-1")
    assert client.traces.get_traces(project_identifier="shop", error=True) == []
    assert client.traces.get_traces(project_identifier="shop", min_latency_ms=60_000) == []
    many = client.traces.get_traces(project_identifier="logged", limit=7, sort="latency_ms", order="asc")
    assert len(many) == 7, many
    added = client.traces.add_trace_annotation(trace_id=ids["trace"], annotation_name="ok", label="yes", sync=True)
    assert added["id"]
    rows = [{"trace_id": ids["trace"], "name": "ok", "annotator_kind": "HUMAN", "result": {"label": "no"}}]
    (again,) = client.traces.log_trace_annotations(trace_annotations=rows, sync=True)
    assert again["id"] == added["id"]
    table = pandas.DataFrame({"trace_id": [ids["trace"]], "score": [1.0]})
    client.traces.log_trace_annotations_dataframe(dataframe=table, annotation_name="table", annotator_kind="CODE")


def reads_and_annotates_sessions(client, ids):
    """Sessions are listed, found by both ids, and told turn by turn."""
    (listed,) = client.sessions.list(project_name="shop")
    assert listed["session_id"] == "talk-1" and listed["traces"][0]["trace_id"] == ids["trace"], listed
    assert client.sessions.get(session_id="talk-1") == client.sessions.get(session_id=listed["id"]) == listed
    (turn,) = client.sessions.get_session_turns(session_id="talk-1")
    assert turn["input"]["value"] == "question" and turn["output"]["value"] == "answer", turn
    assert len(client.sessions.get_sessions_dataframe(project_name="shop")) == 1
    added = client.sessions.add_session_annotation(session_id="talk-1", annotation_name="ok", score=1, sync=True)
    rows = [{"session_id": "talk-1", "name": "ok", "annotator_kind": "HUMAN", "result": {"score": 0}}]
    (again,) = client.sessions.log_session_annotations(session_annotations=rows, sync=True)
    assert again["id"] == added["id"]
    table = pandas.DataFrame({"session_id": ["talk-1"], "score": [1.0]})
    client.sessions.log_session_annotations_dataframe(dataframe=table, annotation_name="t", annotator_kind="CODE")


def keeps_projects(client, _):
    """Projects are made, described, found by both ids, and deleted; one that was only written to is there, too."""
    made = client.projects.create(name="made", description="first")
    assert made["description"] == "first"
    assert client.projects.update(project_name="made", description="second")["description"] == "second"
    assert client.projects.get(project_id=made["id"]) == client.projects.get(project_name="made")
    names = {project["name"] for project in client.projects.list()}
    assert {"made", "shop", "logged", "default"} <= names, names
    assert [project["name"] for project in client.projects.list(name_contains="SHO")] == ["shop"]
    status(409, lambda: client.projects.create(name="made"))
    client.projects.delete(project_id=made["id"])
    status(404, lambda: client.projects.get(project_name="made"))
    status(403, lambda: client.projects.delete(project_name="default"))


def deletes(client, ids):
    """A span goes alone, a session with its traces, a project with all of it."""
    client.spans.delete(span_identifier="span-3")
    (last,) = client.spans.get_spans(project_identifier="logged", span_ids=["span-4"])
    client.spans.delete(span_identifier=last["id"])
    status(404, lambda: client.spans.delete(span_identifier="span-3"))
    assert len(client.spans.get_spans(project_identifier="logged", limit=1000)) == 248
    again = client.spans.log_spans(project_identifier="logged", spans=[logged(3)])
    assert again["total_queued"] == 1
    assert len(client.spans.get_spans(project_identifier="logged", span_ids=["span-3"])) == 1
    client.sessions.delete(session_id="talk-1")
    client.sessions.bulk_delete(session_ids=["nobody"])
    assert client.spans.get_spans(project_identifier="shop") == []
    client.projects.delete(project_name="logged")
    status(404, lambda: client.spans.get_spans(project_identifier="logged"))


CHECKS = [
    reads_spans,
    filters_spans,
    logs_spans,
    logs_a_dataframe,
    reads_dataframes,
    annotates_spans,
    annotates_documents,
    reads_and_annotates_traces,
    reads_and_annotates_sessions,
    keeps_projects,
    deletes,
]


def status(wanted, call):
    """The call fails with this status."""
    try:
        call()
    except HTTPStatusError as error:
        assert error.response.status_code == wanted, error
        return
    raise AssertionError(f"no status {wanted}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
