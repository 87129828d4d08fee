// Sends spans with the Node SDK: send.mjs PROTOCOL ENDPOINT COMPRESSION OUT.
//
// Every exported span is also written to OUT, one JSON object a line, in the normal form of normal.py, made from
// the SDK's own span objects. Ends with an error when an export did not succeed.

import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

import { context, createTraceState, ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const [protocol, endpoint, compression, path] = process.argv.slice(2);

function newExporter() {
  const codec = compression === "gzip" ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
  switch (protocol) {
    case "grpc":
      return new GrpcExporter({ url: `http://${endpoint}`, compression: codec });
    case "http/protobuf":
      return new ProtobufExporter({ url: `${endpoint}/v1/traces`, compression: codec });
    case "http/json":
      return new JsonExporter({ url: `${endpoint}/v1/traces`, compression: codec });
  }
  throw new Error(`unknown protocol ${protocol}`);
}

/** Notes what passes on its way to the real exporter. */
class Tee {
  failures = [];

  constructor(exporter, out) {
    this.exporter = exporter;
    this.out = out;
  }

  export(spans, done) {
    for (const span of spans) {
      this.out.write(JSON.stringify(normal(span)) + "\n");
    }
    this.exporter.export(spans, (result) => {
      if (result.code !== 0) this.failures.push(result.error);
      done(result);
    });
  }

  forceFlush() {
    return this.exporter.forceFlush();
  }

  /** Leaves the exporter to the next provider. */
  shutdown() {
    return this.forceFlush();
  }
}

/** Exports `count` spans in batches of `batch`. */
async function send(tee, service, count, batch) {
  const provider = new TracerProvider({
    resource: resourceFromAttributes(
      { "service.name": service, "host.cpus": 2, empty: "" },
      { schemaUrl: "https://example.org/resource" },
    ),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: tee,
        maxQueueSize: count,
        maxExportBatchSize: batch,
        scheduledDelayMillis: 60_000,
      }),
    ],
  });
  const tracers = [
    provider.getTracer("scope.a", "1.2.3", { schemaUrl: "https://example.org/scope" }),
    provider.getTracer("scope.b"),
  ];
  for (let index = 0; index < count; index++) {
    record(tracers[index % 2], index);
  }
  await provider.forceFlush();
}

/** One span, its content derived from the index. */
function record(tracer, index) {
  const digits = index.toString(16);
  const remote = {
    traceId: `a${digits.padStart(31, "0")}`,
    spanId: `b${digits.padStart(15, "0")}`,
    traceFlags: TraceFlags.SAMPLED,
    traceState: createTraceState(`vendor=value-${index},other=1`),
    isRemote: true,
  };
  const parent = index % 3 === 0 ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
  const start = [1_700_000_000, index * 1_003];
  const after = (nanoseconds) => [start[0], start[1] + nanoseconds];
  const links = Array.from({ length: index % 3 }, () => ({ context: remote, attributes: { "link.index": index } }));
  const span = context.with(parent, () =>
    tracer.startSpan(
      index % 5 ? `operation ${index} żółć 🦀` : "",
      { kind: index % 5, startTime: start, links, attributes: attributes(index) },
      parent,
    ),
  );
  for (let number = 0; number < index % 4; number++) {
    span.addEvent(`event ${number}`, { number, nested: ["x"] }, after(number));
  }
  if (index % 50 === 7) {
    span.recordException(new Error("boom"), after(9));
    span.setAttribute("text.long", "long ".repeat(2000));
  }
  if (index % 50 === 8) {
    for (let number = 0; number < 150; number++) span.setAttribute(`many.${number}`, number);
  }
  if (index % 3 === 1) span.setStatus({ code: SpanStatusCode.OK });
  if (index % 3 === 2) span.setStatus({ code: SpanStatusCode.ERROR, message: "went wrong" });
  span.end(after(index));
}

function attributes(index) {
  return {
    text: `value ${index}`,
    "text.empty": "",
    "text.unicode": '日本語 🦀 \u0000 "\\\n',
    bool: index % 2 === 0,
    "int.max": Number.MAX_SAFE_INTEGER,
    "int.min": Number.MIN_SAFE_INTEGER,
    "int.zero": 0,
    double: index + 0.1,
    "double.tiny": 5e-324,
    "double.long": 0.1 + 0.2,
    "array.text": ["a", "", "ü"],
    "array.bool": [true, false],
    "array.int": [-1, 0, 2 ** 40],
    "array.double": [0.1, -1.5],
    "array.empty": [],
    "array.mixed": [1, "two", [true]],
    bytes: new Uint8Array([0, 255, index % 256]),
    "bytes.empty": new Uint8Array(),
    empty: null,
    map: { inner: "value", map: { deep: 1.5 } },
  };
}

/** The span as normal.py describes it. */
function normal(span) {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const scope = span.instrumentationScope;
  return {
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: span.parentSpanContext?.spanId ?? "",
    trace_state: traceState?.serialize() ?? "",
    flags: flags(traceFlags, span.parentSpanContext?.isRemote),
    name: span.name,
    kind: span.kind + 1,
    start: nanoseconds(span.startTime),
    end: nanoseconds(span.endTime),
    attributes: normalAttributes(span.attributes),
    dropped_attributes: span.droppedAttributesCount,
    events: span.events.map((event) => ({
      name: event.name,
      time: nanoseconds(event.time),
      attributes: normalAttributes(event.attributes),
      dropped_attributes: event.droppedAttributesCount ?? 0,
    })),
    dropped_events: span.droppedEventsCount,
    links: span.links.map((link) => ({
      trace_id: link.context.traceId,
      span_id: link.context.spanId,
      trace_state: link.context.traceState?.serialize() ?? "",
      flags: flags(link.context.traceFlags, link.context.isRemote),
      attributes: normalAttributes(link.attributes),
      dropped_attributes: link.droppedAttributesCount ?? 0,
    })),
    dropped_links: span.droppedLinksCount,
    status: [span.status.code, span.status.message ?? ""],
    resource: {
      attributes: normalAttributes(span.resource.attributes),
      schema_url: span.resource.schemaUrl ?? "",
    },
    scope: {
      name: scope.name,
      version: scope.version ?? "",
      attributes: normalAttributes(scope.attributes),
      schema_url: scope.schemaUrl ?? "",
    },
  };
}

function flags(traceFlags, isRemote) {
  return traceFlags | 0x100 | (isRemote ? 0x200 : 0);
}

function nanoseconds([seconds, rest]) {
  return (BigInt(seconds) * 1_000_000_000n + BigInt(rest)).toString();
}

function normalAttributes(all) {
  return Object.fromEntries(Object.entries(all ?? {}).map(([key, value]) => [key, normalValue(value)]));
}

function normalValue(value) {
  if (value === null || value === undefined) return ["empty"];
  if (typeof value === "string") return ["string", value];
  if (typeof value === "boolean") return ["bool", value];
  if (Number.isInteger(value)) return ["int", BigInt(value).toString()];
  if (typeof value === "number") {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return ["double", bits.toString("hex")];
  }
  if (value instanceof Uint8Array) return ["bytes", Buffer.from(value).toString("hex")];
  if (Array.isArray(value)) return ["array", value.map(normalValue)];
  return ["map", normalAttributes(value)];
}

const out = createWriteStream(path);
const tee = new Tee(newExporter(), out);
await send(tee, "node-small", 300, 50);
await send(tee, "node-large", 1500, 1500);
await tee.exporter.shutdown();
out.end();
await finished(out);
if (tee.failures.length > 0) {
  console.error(`${tee.failures.length} exports failed, the first with`, tee.failures[0]);
  process.exitCode = 1;
}
