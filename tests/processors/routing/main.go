// The routing connector of the OpenTelemetry Collector, run on given spans: which pipeline gets what. Its newest version
// that can be had knows an older OTTL than the processors do, and so it has a module of its own.
//
//	go run . -check cases      compare each case with its expected.json
//	go run . -write cases      write each expected.json anew
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/routingconnector"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

func main() {
	check := flag.Bool("check", false, "compare each case below the given folder with its expected.json")
	write := flag.Bool("write", false, "write expected.json of each case below the given folder")
	flag.Parse()
	if *check == *write || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	configs, err := filepath.Glob(filepath.Join(flag.Arg(0), "*", "config.yaml"))
	if err != nil || len(configs) == 0 {
		fmt.Fprintln(os.Stderr, "no cases in", flag.Arg(0))
		os.Exit(1)
	}
	failed := 0
	for _, config := range configs {
		folder := filepath.Dir(config)
		if err := runCase(context.Background(), folder, *write); err != nil {
			failed++
			fmt.Printf("%s: %v\n", folder, err)
		}
	}
	fmt.Printf("%d cases, %d failed\n", len(configs), failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func runCase(ctx context.Context, folder string, write bool) error {
	actual, err := route(ctx, folder)
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "expected.json")
	if write {
		return os.WriteFile(file, actual, 0o644)
	}
	expected, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Equal(expected, actual) {
		return fmt.Errorf("differs; the connector gives\n%s", actual)
	}
	return nil
}

// settings is what a case has of a configuration: the connector, and the pipelines that may take from it.
type settings struct {
	Connectors struct {
		Routing map[string]any `mapstructure:"routing"`
	} `mapstructure:"connectors"`
	Service struct {
		Pipelines map[pipeline.ID]struct {
			Receivers []string `mapstructure:"receivers"`
		} `mapstructure:"pipelines"`
	} `mapstructure:"service"`
}

// route gives the spans that each pipeline gets, as JSON by the pipelines' names; `error` where the connector fails.
func route(ctx context.Context, folder string) ([]byte, error) {
	yaml, err := os.ReadFile(filepath.Join(folder, "config.yaml"))
	if err != nil {
		return nil, err
	}
	input, err := os.ReadFile(filepath.Join(folder, "input.json"))
	if err != nil {
		return nil, err
	}
	spans, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(input)
	if err != nil {
		return nil, err
	}
	conf, err := resolve(ctx, yaml)
	if err != nil {
		return nil, err
	}
	var given settings
	if err := conf.Unmarshal(&given, confmap.WithIgnoreUnused()); err != nil {
		return nil, err
	}
	sinks := map[pipeline.ID]*consumertest.TracesSink{}
	for id, settings := range given.Service.Pipelines {
		if len(settings.Receivers) == 1 && settings.Receivers[0] == "routing" {
			sinks[id] = new(consumertest.TracesSink)
		}
	}
	running, err := start(ctx, given.Connectors.Routing, sinks)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{}
	if err := running.ConsumeTraces(ctx, spans); err != nil {
		answer["error"] = true
	}
	if err := running.Shutdown(ctx); err != nil {
		return nil, err
	}
	for id, sink := range sinks {
		var batches []json.RawMessage
		for _, traces := range sink.AllTraces() {
			text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
			if err != nil {
				return nil, err
			}
			batches = append(batches, text)
		}
		// Chance decides in which order the connector hands them on.
		slices.SortFunc(batches, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
		answer[id.String()] = batches
	}
	text, err := json.MarshalIndent(answer, "", " ")
	return append(text, '\n'), err
}

func start(ctx context.Context, table map[string]any, sinks map[pipeline.ID]*consumertest.TracesSink) (connector.Traces, error) {
	factory := routingconnector.NewFactory()
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(table).Unmarshal(&config); err != nil {
		return nil, err
	}
	if err := xconfmap.Validate(config); err != nil {
		return nil, err
	}
	next := map[pipeline.ID]consumer.Traces{}
	for id, sink := range sinks {
		next[id] = sink
	}
	router, isConsumer := connector.NewTracesRouter(next).(consumer.Traces)
	if !isConsumer {
		return nil, errors.New("a router that takes no spans")
	}
	settings := connectortest.NewNopSettings(component.MustNewType("routing"))
	running, err := factory.CreateTracesToTraces(ctx, settings, config, router)
	if err != nil {
		return nil, err
	}
	return running, running.Start(ctx, componenttest.NewNopHost())
}

func resolve(ctx context.Context, yaml []byte) (*confmap.Conf, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"yaml:" + string(yaml)},
		ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
		DefaultScheme:     "yaml",
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resolver.Shutdown(ctx) }()
	return resolver.Resolve(ctx)
}
