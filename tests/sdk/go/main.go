// Sends spans with the Go SDK: sdksender PROTOCOL ENDPOINT COMPRESSION OUT.
//
// Every exported span is also written to OUT, one JSON object a line, in the normal form of normal.py, made from
// the SDK's own span objects. Ends with an error when an export did not succeed.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: sdksender PROTOCOL ENDPOINT COMPRESSION OUT")
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Fatalf("the SDK reports: %v", err) }))
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func run(protocol, endpoint, compression, path string) error {
	ctx := context.Background()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	exporter, err := newExporter(ctx, protocol, endpoint, compression)
	if err != nil {
		return err
	}
	tee := &tee{exporter: exporter, out: json.NewEncoder(out)}
	if err := send(ctx, tee, "go-small", 300, 50); err != nil {
		return err
	}
	if err := send(ctx, tee, "go-large", 1500, 1500); err != nil {
		return err
	}
	if err := exporter.Shutdown(ctx); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}

func newExporter(ctx context.Context, protocol, endpoint, compression string) (sdktrace.SpanExporter, error) {
	if protocol == "grpc" {
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure()}
		if compression == "gzip" {
			options = append(options, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	codec := otlptracehttp.NoCompression
	if compression == "gzip" {
		codec = otlptracehttp.GzipCompression
	}
	return otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"), otlptracehttp.WithCompression(codec))
}

// tee notes what passes on its way to the real exporter.
type tee struct {
	exporter sdktrace.SpanExporter
	out      *json.Encoder
}

func (t *tee) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		if err := t.out.Encode(normal(span)); err != nil {
			return err
		}
	}
	return t.exporter.ExportSpans(ctx, spans)
}

// Shutdown leaves the exporter to the next provider.
func (t *tee) Shutdown(context.Context) error { return nil }

// send exports count spans in batches of batch.
func send(ctx context.Context, exporter sdktrace.SpanExporter, service string, count, batch int) error {
	about := resource.NewWithAttributes("https://example.org/resource",
		attribute.String("service.name", service), attribute.Int("host.cpus", 2), attribute.String("empty", ""))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(about),
		sdktrace.WithBatcher(exporter, sdktrace.WithMaxQueueSize(count), sdktrace.WithMaxExportBatchSize(batch),
			sdktrace.WithBatchTimeout(time.Minute), sdktrace.WithBlocking()))
	tracers := []trace.Tracer{
		provider.Tracer("scope.a", trace.WithInstrumentationVersion("1.2.3"),
			trace.WithSchemaURL("https://example.org/scope"),
			trace.WithInstrumentationAttributes(attribute.String("scope.attribute", "yes"))),
		provider.Tracer("scope.b"),
	}
	for index := range count {
		record(ctx, tracers[index%2], index)
	}
	return provider.Shutdown(ctx)
}

// record makes one span, its content derived from the index.
func record(ctx context.Context, tracer trace.Tracer, index int) {
	state, err := trace.ParseTraceState(fmt.Sprintf("vendor=value-%d,other=1", index))
	if err != nil {
		log.Fatal(err)
	}
	remote := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    trace.TraceID{0xa0, 14: byte(index >> 8), 15: byte(index)},
		SpanID:     trace.SpanID{0xb0, 6: byte(index >> 8), 7: byte(index)},
		TraceFlags: trace.FlagsSampled,
		TraceState: state,
		Remote:     true,
	})
	if index%3 == 0 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, remote)
	}
	links := make([]trace.Link, index%3)
	for i := range links {
		links[i] = trace.Link{SpanContext: remote, Attributes: []attribute.KeyValue{attribute.Int("link.index", index)}}
	}
	name := ""
	if index%5 != 0 {
		name = fmt.Sprintf("operation %d żółć 🦀", index)
	}
	start := time.Unix(1_700_000_000, int64(index)*1_000_003)
	_, span := tracer.Start(ctx, name,
		trace.WithSpanKind(trace.SpanKind(index%5+1)),
		trace.WithTimestamp(start),
		trace.WithLinks(links...),
		trace.WithAttributes(attributes(index)...))
	for number := range index % 4 {
		span.AddEvent(fmt.Sprintf("event %d", number),
			trace.WithTimestamp(start.Add(time.Duration(number))),
			trace.WithAttributes(attribute.Int("number", number), attribute.StringSlice("nested", []string{"x"})))
	}
	if index%50 == 7 {
		span.RecordError(fmt.Errorf("boom"), trace.WithTimestamp(start.Add(9)))
		span.SetAttributes(attribute.String("text.long", strings.Repeat("long ", 2000)))
	}
	if index%50 == 8 {
		for number := range 150 {
			span.SetAttributes(attribute.Int(fmt.Sprintf("many.%d", number), number))
		}
	}
	switch index % 3 {
	case 1:
		span.SetStatus(codes.Ok, "")
	case 2:
		span.SetStatus(codes.Error, "went wrong")
	}
	span.End(trace.WithTimestamp(start.Add(time.Duration(index))))
}

func attributes(index int) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("text", fmt.Sprintf("value %d", index)),
		attribute.String("text.empty", ""),
		attribute.String("text.unicode", "日本語 🦀 \x00 \"\\\n"),
		attribute.Bool("bool", index%2 == 0),
		attribute.Int64("int.max", math.MaxInt64),
		attribute.Int64("int.min", math.MinInt64),
		attribute.Int64("int.zero", 0),
		attribute.Float64("double", float64(index)/7),
		attribute.Float64("double.negative_zero", math.Copysign(0, -1)),
		attribute.Float64("double.nan", math.Float64frombits(0x7ff8000000000000)), // the one that JSON can carry
		attribute.Float64("double.infinity", math.Inf(-1)),
		attribute.Float64("double.tiny", math.SmallestNonzeroFloat64),
		attribute.StringSlice("array.text", []string{"a", "", "ü"}),
		attribute.BoolSlice("array.bool", []bool{true, false}),
		attribute.Int64Slice("array.int", []int64{-1, 0, 1 << 62}),
		attribute.Float64Slice("array.double", []float64{0.1, 1e300}),
		attribute.StringSlice("array.empty", []string{}),
		{Key: "bytes", Value: attribute.ByteSliceValue([]byte{0, 255, byte(index)})},
		{Key: "bytes.empty", Value: attribute.ByteSliceValue([]byte{})},
		{Key: "empty", Value: attribute.Value{}},
		{Key: "array.mixed", Value: attribute.SliceValue(
			attribute.IntValue(1), attribute.StringValue("two"), attribute.SliceValue(attribute.BoolValue(true)))},
		{Key: "map", Value: attribute.MapValue(
			attribute.String("inner", "value"),
			attribute.KeyValue{Key: "map", Value: attribute.MapValue(attribute.Float64("deep", 1.5))})},
	}
}
