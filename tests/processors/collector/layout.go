package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// width is the longest line a value may have before each of its members gets a line of its own.
const width = 120

func readTraces(file []byte) (ptrace.Traces, error) {
	return (&ptrace.JSONUnmarshaler{DisallowUnknownFields: true}).UnmarshalTraces(file)
}

// printTraces gives OTLP/JSON on many lines, the same bytes for the same spans.
func printTraces(traces ptrace.Traces) ([]byte, error) {
	compact, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := layOut(&text, compact, "\n"); err != nil {
		return nil, err
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}

// layOut writes compact JSON, in its order, with a short value on one line and a long one spread over several.
// The line break that leads to the value's column is given.
func layOut(text *bytes.Buffer, compact json.RawMessage, lineBreak string) error {
	isContainer := compact[0] == '{' || compact[0] == '['
	if !isContainer || len(lineBreak)+len(compact) <= width {
		text.Write(compact)
		return nil
	}
	members := json.NewDecoder(bytes.NewReader(compact))
	if _, err := members.Token(); err != nil {
		return err
	}
	text.WriteByte(compact[0])
	for first := true; members.More(); first = false {
		if !first {
			text.WriteByte(',')
		}
		text.WriteString(lineBreak + " ")
		if compact[0] == '{' {
			name, err := members.Token()
			if err != nil {
				return err
			}
			fmt.Fprintf(text, "%q: ", name)
		}
		var value json.RawMessage
		if err := members.Decode(&value); err != nil {
			return err
		}
		if err := layOut(text, value, lineBreak+" "); err != nil {
			return err
		}
	}
	text.WriteString(lineBreak)
	text.WriteByte(compact[len(compact)-1])
	return nil
}
