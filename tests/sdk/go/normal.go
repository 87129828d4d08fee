package main

import (
	"encoding/hex"
	"fmt"
	"log"
	"math"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type object map[string]any

// normal gives the span as normal.py describes it.
func normal(span sdktrace.ReadOnlySpan) object {
	events := []object{}
	for _, event := range span.Events() {
		events = append(events, object{
			"name":               event.Name,
			"time":               strconv.FormatInt(event.Time.UnixNano(), 10),
			"attributes":         normalAttributes(event.Attributes),
			"dropped_attributes": event.DroppedAttributeCount,
		})
	}
	links := []object{}
	for _, link := range span.Links() {
		links = append(links, object{
			"trace_id":           link.SpanContext.TraceID().String(),
			"span_id":            link.SpanContext.SpanID().String(),
			"trace_state":        "", // this SDK's exporter leaves it out
			"flags":              flags(link.SpanContext.TraceFlags(), link.SpanContext),
			"attributes":         normalAttributes(link.Attributes),
			"dropped_attributes": link.DroppedAttributeCount,
		})
	}
	parent := ""
	if span.Parent().SpanID().IsValid() {
		parent = span.Parent().SpanID().String()
	}
	scope := span.InstrumentationScope()
	return object{
		"trace_id":           span.SpanContext().TraceID().String(),
		"span_id":            span.SpanContext().SpanID().String(),
		"parent_span_id":     parent,
		"trace_state":        span.SpanContext().TraceState().String(),
		"flags":              flags(span.SpanContext().TraceFlags(), span.Parent()),
		"name":               span.Name(),
		"kind":               int(span.SpanKind()),
		"start":              strconv.FormatInt(span.StartTime().UnixNano(), 10),
		"end":                strconv.FormatInt(span.EndTime().UnixNano(), 10),
		"attributes":         normalAttributes(span.Attributes()),
		"dropped_attributes": span.DroppedAttributes(),
		"events":             events,
		"dropped_events":     span.DroppedEvents(),
		"links":              links,
		"dropped_links":      span.DroppedLinks(),
		"status":             []any{statusCodes[span.Status().Code], span.Status().Description},
		"resource": object{
			"attributes": normalAttributes(span.Resource().Attributes()),
			"schema_url": span.Resource().SchemaURL(),
		},
		"scope": object{
			"name":       scope.Name,
			"version":    scope.Version,
			"attributes": normalAttributes(scope.Attributes.ToSlice()),
			"schema_url": scope.SchemaURL,
		},
	}
}

// statusCodes are OTLP's numbers, in which Ok and Error have changed places.
var statusCodes = map[codes.Code]int{codes.Unset: 0, codes.Ok: 1, codes.Error: 2}

func flags(sampled trace.TraceFlags, parent trace.SpanContext) int {
	if parent.IsRemote() {
		return int(sampled) | 0x300
	}
	return int(sampled) | 0x100
}

func normalAttributes(pairs []attribute.KeyValue) object {
	all := object{}
	for _, pair := range pairs {
		all[string(pair.Key)] = normalValue(pair.Value)
	}
	return all
}

func normalValue(value attribute.Value) []any {
	switch value.Type() {
	case attribute.EMPTY:
		return []any{"empty"}
	case attribute.STRING:
		return []any{"string", value.AsString()}
	case attribute.BOOL:
		return []any{"bool", value.AsBool()}
	case attribute.INT64:
		return []any{"int", strconv.FormatInt(value.AsInt64(), 10)}
	case attribute.FLOAT64:
		return []any{"double", fmt.Sprintf("%016x", math.Float64bits(value.AsFloat64()))}
	case attribute.BYTESLICE:
		return []any{"bytes", hex.EncodeToString(value.AsByteSlice())}
	case attribute.MAP:
		return []any{"map", normalAttributes(value.AsMap())}
	}
	return []any{"array", normalArray(value)}
}

func normalArray(value attribute.Value) [][]any {
	all := [][]any{}
	switch value.Type() {
	case attribute.STRINGSLICE:
		for _, each := range value.AsStringSlice() {
			all = append(all, normalValue(attribute.StringValue(each)))
		}
	case attribute.BOOLSLICE:
		for _, each := range value.AsBoolSlice() {
			all = append(all, normalValue(attribute.BoolValue(each)))
		}
	case attribute.INT64SLICE:
		for _, each := range value.AsInt64Slice() {
			all = append(all, normalValue(attribute.Int64Value(each)))
		}
	case attribute.FLOAT64SLICE:
		for _, each := range value.AsFloat64Slice() {
			all = append(all, normalValue(attribute.Float64Value(each)))
		}
	case attribute.SLICE:
		for _, each := range value.AsSlice() {
			all = append(all, normalValue(each))
		}
	default:
		log.Fatalf("no normal form for attributes of type %v", value.Type())
	}
	return all
}
