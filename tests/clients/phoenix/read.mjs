// Phoenix's TypeScript client reads and writes through the gateway: node read.mjs BASE_URL
//
// Guarantees: what the client logs it reads back, page by page and by every filter that it has; annotations and notes are there, and are
// changed and not doubled when they are said again; what it deletes is gone.

import assert from "node:assert/strict";

import { createClient } from "@arizeai/phoenix-client";
import { getSession, listSessions } from "@arizeai/phoenix-client/sessions";
import {
  addSpanAnnotation, addSpanNote, deleteSpan, getSpanAnnotations, getSpans, logSpanAnnotations, logSpans,
} from "@arizeai/phoenix-client/spans";
import { addTraceAnnotation, getTraces } from "@arizeai/phoenix-client/traces";

const TRACES = 5;
const SPANS_A_TRACE = 5;

const client = createClient({ options: { baseUrl: process.argv[2] } });
const project = { projectName: `typescript-${Date.now()}` };
const begin = Date.now() - 60_000;

const hex = (number, digits) => number.toString(16).padStart(digits, "0");
const id = (trace, place) => hex(begin * 100 + trace * 10 + place, 16);

function span(trace, place) {
  const start = new Date(begin + trace * 1000 + place);
  return {
    name: place === 0 ? "chat" : `step ${place}`,
    context: { trace_id: hex(begin * 100 + trace, 32), span_id: id(trace, place) },
    parent_id: place === 0 ? null : id(trace, 0),
    span_kind: place === 0 ? "CHAIN" : "LLM",
    start_time: start.toISOString(),
    end_time: new Date(start.getTime() + 250).toISOString(),
    status_code: place === 4 ? "ERROR" : "OK",
    status_message: "",
    attributes: { "llm.model_name": place % 2 ? "gpt-4o" : "mistral", "turn": place, "cached": place === 3, "session.id": `session ${begin} ${trace}` },
    events: [],
  };
}

async function until(condition) {
  for (let tries = 0; tries < 200; tries++) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${condition}`);
}

async function walk(filters, limit) {
  const found = [];
  let cursor = null;
  do {
    const page = await getSpans({ client, project, ...filters, limit, cursor });
    assert.ok(page.spans.length <= limit);
    found.push(...page.spans);
    cursor = page.nextCursor;
  } while (cursor);
  return found;
}

const ids = (spans) => spans.map((span) => span.context.span_id).sort();
const logged = [];
for (let trace = 0; trace < TRACES; trace++) for (let place = 0; place < SPANS_A_TRACE; place++) logged.push(span(trace, place));
const wanted = (condition) => ids(logged.filter(condition));

// === spans ===

const told = await logSpans({ client, project, spans: logged });
assert.deepEqual(told, { totalReceived: logged.length, totalQueued: logged.length });
// A server may write them, and make the project, later.
await until(async () => (await walk({}, 1000).catch(() => [])).length === logged.length);
await assert.rejects(logSpans({ client, project, spans: logged.slice(0, 2) }), /"total_duplicates": ?2/);

for (const limit of [1, 4, 25, 100]) assert.deepEqual(ids(await walk({}, limit)), wanted(() => true));
assert.deepEqual(ids(await walk({ traceIds: [logged[0].context.trace_id] }, 10)), wanted((s) => s.context.trace_id === logged[0].context.trace_id));
assert.deepEqual(ids(await walk({ parentId: null }, 2)), wanted((s) => s.parent_id === null));
assert.deepEqual(ids(await walk({ parentId: id(2, 0) }, 2)), wanted((s) => s.parent_id === id(2, 0)));
assert.deepEqual(ids(await walk({ name: ["step 1", "step 2"] }, 3)), wanted((s) => ["step 1", "step 2"].includes(s.name)));
assert.deepEqual(ids(await walk({ spanKind: "CHAIN" }, 3)), wanted((s) => s.span_kind === "CHAIN"));
assert.deepEqual(ids(await walk({ statusCode: ["ERROR"] }, 3)), wanted((s) => s.status_code === "ERROR"));
assert.deepEqual(ids(await walk({ attributes: { "llm.model_name": "gpt-4o" } }, 3)), wanted((s) => s.attributes["llm.model_name"] === "gpt-4o"));
assert.deepEqual(ids(await walk({ attributes: { turn: 3, cached: true } }, 3)), wanted((s) => s.attributes.turn === 3));
assert.deepEqual(ids(await walk({ attributes: { turn: "3" } }, 3)), []);
const middle = new Date(begin + 2000);
assert.deepEqual(ids(await walk({ startTime: middle }, 4)), wanted((s) => new Date(s.start_time) >= middle));
assert.deepEqual(ids(await walk({ endTime: middle }, 4)), wanted((s) => new Date(s.start_time) < middle));

const [one] = await walk({ name: "step 3", traceIds: [logged[3].context.trace_id] }, 10);
assert.equal(one.parent_id, id(0, 0));
assert.equal(one.span_kind, "LLM");
assert.equal(one.attributes["llm.model_name"], "gpt-4o");
assert.equal(one.attributes.turn, 3);
assert.equal(new Date(one.start_time).getTime(), begin + 3);

// === traces and sessions ===

const traces = await getTraces({ client, project, limit: 100, includeSpans: true });
assert.equal(traces.traces.length, TRACES);
assert.ok(traces.traces.every((trace) => trace.spans.length === SPANS_A_TRACE));
const byTime = await getTraces({ client, project, sort: "start_time", order: "asc", limit: 2 });
assert.equal(byTime.traces[0].trace_id, logged[0].context.trace_id);
const rest = await getTraces({ client, project, sort: "start_time", order: "asc", limit: 100, cursor: byTime.nextCursor });
assert.equal(rest.traces.length, TRACES - 2);

const sessions = await listSessions({ client, ...project });
assert.equal(sessions.length, TRACES);
const session = await getSession({ client, sessionId: `session ${begin} 1` });
assert.equal(session.traces.length, 1);

// === annotations ===

const spanId = id(1, 1);
const read = async (more) => (await getSpanAnnotations({ client, project, spanIds: [spanId], ...more })).annotations;
const annotation = { spanId, name: "quality", label: "good", score: 0.9, annotatorKind: "HUMAN", identifier: "me", metadata: { by: "test" } };
const first = await addSpanAnnotation({ client, spanAnnotation: annotation, sync: true });
const again = await addSpanAnnotation({ client, spanAnnotation: { ...annotation, label: "bad", score: 0.1 }, sync: true });
assert.equal(first.id, again.id);
const [kept] = await read({});
assert.deepEqual([kept.name, kept.result.label, kept.result.score, kept.annotator_kind, kept.metadata.by], ["quality", "bad", 0.1, "HUMAN", "test"]);
await logSpanAnnotations({ client, spanAnnotations: [{ spanId, name: "tone", score: 1, annotatorKind: "CODE" }], sync: false });
await until(async () => (await read({})).length === 2);
const note = await addSpanNote({ client, spanNote: { spanId, note: "look at this" } });
assert.ok(note.id);
assert.equal((await read({ includeAnnotationNames: ["note"] }))[0].result.explanation, "look at this");
assert.deepEqual((await read({ excludeAnnotationNames: ["note", "tone"] })).map((found) => found.name), ["quality"]);
assert.ok((await addTraceAnnotation({ client, traceAnnotation: { traceId: logged[0].context.trace_id, name: "ok", score: 1, annotatorKind: "CODE" }, sync: true })).id);

// === deletion ===

await deleteSpan({ client, spanIdentifier: id(4, 4) });
await until(async () => (await walk({}, 1000)).length === logged.length - 1);
await assert.rejects(deleteSpan({ client, spanIdentifier: id(4, 4) }));

console.log(`Phoenix's TypeScript client: ${logged.length} spans written, read and annotated`);
