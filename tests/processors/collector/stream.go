package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// question is one line of the stream: a configuration and the spans to send through it.
type question struct {
	Config string          `json:"config"`
	Input  json.RawMessage `json:"input"`
}

// answer is the line that a question gets: the spans that came out, or why none could.
type answer struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// stream answers lines of questions until the input ends, one line each, in order.
func stream(ctx context.Context, in io.Reader, out io.Writer) error {
	questions := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	answers := bufio.NewWriter(out)
	encoder := json.NewEncoder(answers)
	encoder.SetEscapeHTML(false)
	for {
		var asked question
		if err := questions.Decode(&asked); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(reply(ctx, asked)); err != nil {
			return err
		}
		// At once, so that a program can ask and wait in turn.
		if err := answers.Flush(); err != nil {
			return err
		}
	}
}

func reply(ctx context.Context, asked question) answer {
	traces, err := runOnce(ctx, []byte(asked.Config), asked.Input)
	if err != nil {
		return answer{Error: err.Error()}
	}
	output, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Output: output}
}
