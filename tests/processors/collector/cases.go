package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// errDiffers says that a case ran well and that its spans are not the expected ones.
var errDiffers = errors.New("differs")

// caseFolders gives the folders that hold a config.yaml, at or below the given paths.
func caseFolders(paths []string) ([]string, error) {
	var found []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, entry os.DirEntry, err error) error {
			if err == nil && entry.Name() == "config.yaml" {
				found = append(found, filepath.Dir(file))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no config.yaml below %s", strings.Join(paths, ", "))
	}
	return found, nil
}

// runCase runs the configuration of a folder on its input, with its own environment.
func runCase(ctx context.Context, folder string) ([]byte, error) {
	restore, err := setEnvironment(filepath.Join(folder, "env"))
	if err != nil {
		return nil, err
	}
	defer restore()
	return runFiles(ctx, filepath.Join(folder, "config.yaml"), filepath.Join(folder, "input.json"))
}

// writeCase makes what leaves the processors today the expectation of the case.
func writeCase(ctx context.Context, folder string) error {
	actual, err := runCase(ctx, folder)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "expected.json"), actual, 0o644)
}

// checkCase compares what leaves the processors with the expectation of the case, and prints the difference.
func checkCase(ctx context.Context, folder string) error {
	actual, err := runCase(ctx, folder)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err != nil {
		return err
	}
	// Read and written again, so that only the spans count and not the layout of the file.
	traces, err := readTraces(file)
	if err != nil {
		return err
	}
	expected, err := printTraces(traces)
	if err != nil {
		return err
	}
	if bytes.Equal(expected, actual) {
		return nil
	}
	fmt.Printf("%s: - expected, + from the Collector\n%s", folder, difference(expected, actual))
	return errDiffers
}

func runFiles(ctx context.Context, config, input string) ([]byte, error) {
	yaml, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	spans, err := os.ReadFile(input)
	if err != nil {
		return nil, err
	}
	out, err := runOnce(ctx, yaml, spans)
	if err != nil {
		return nil, err
	}
	return printTraces(out)
}

// runOnce sends the spans through the processors once. A panic of a processor comes back as an error.
func runOnce(ctx context.Context, yaml, spans []byte) (out ptrace.Traces, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	traces, err := readTraces(spans)
	if err != nil {
		return out, fmt.Errorf("input: %w", err)
	}
	p, err := newPipeline(ctx, yaml)
	if err != nil {
		return out, fmt.Errorf("config: %w", err)
	}
	defer func() { err = errors.Join(err, p.shutdown(ctx)) }()
	return p.run(ctx, traces)
}

// setEnvironment sets the lines NAME=value of a file, if there is one, and gives back the way to undo it.
func setEnvironment(file string) (restore func(), err error) {
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var undo []func()
	for line := range strings.Lines(string(content)) {
		name, value, isPair := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if !isPair {
			continue
		}
		before, wasSet := os.LookupEnv(name)
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
		undo = append(undo, func() {
			if wasSet {
				_ = os.Setenv(name, before)
			} else {
				_ = os.Unsetenv(name)
			}
		})
	}
	return func() {
		for _, step := range undo {
			step()
		}
	}, nil
}
