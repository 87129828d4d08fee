package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed statements.txt
var statements string

// triedStatements says of each text of OTTL whether the processor for its kind takes it.
func triedStatements(ctx context.Context) ([]byte, error) {
	var table bytes.Buffer
	var kind, where string
	for line := range strings.Lines(statements) {
		text := strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(text, "#") {
			continue
		}
		if strings.HasPrefix(text, "[") {
			kind, where, _ = strings.Cut(strings.Trim(text, "[]"), " ")
			continue
		}
		yaml, err := statementConfiguration(kind, where, text)
		if err != nil {
			return nil, err
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&table, "%s\t%s\t%s\t%s\n", kind, where, quoted, verdict(ctx, yaml))
	}
	return table.Bytes(), nil
}

// statementConfiguration is a pipeline whose processor has nothing but this text.
func statementConfiguration(kind, where, text string) ([]byte, error) {
	processor, list := "transform", "trace_statements"
	if kind == "condition" {
		processor, list = "filter", "trace_conditions"
	}
	group := map[string]any{kind + "s": []string{text}}
	if where != "" {
		group["context"] = where
	}
	settings, err := json.Marshal(map[string]any{list: []any{group}})
	if err != nil {
		return nil, err
	}
	return onlyProcessor(processor, strings.ReplaceAll(string(settings), "$", "$$")), nil
}
