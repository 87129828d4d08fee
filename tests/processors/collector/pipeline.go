package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/attributesprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/probabilisticsamplerprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourcedetectionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/spanprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
)

// ignored names the processors that change no span: they are skipped, so that a configuration taken from
// production can be run as it is.
var ignored = []string{"batch", "memory_limiter"}

// deprecatedNames are the older names under which a processor is still known.
var deprecatedNames = map[string]string{"resourcedetection": "resource_detection"}

// pipeline is the chain of processors of one configuration, ready to take spans.
type pipeline struct {
	first  consumer.Traces
	stages []processor.Traces
	sink   *consumertest.TracesSink
}

// newPipeline builds and starts the processors of the pipeline `traces` as the Collector would: environment
// expanded, defaults applied, unknown keys and invalid values refused.
func newPipeline(ctx context.Context, yaml []byte) (*pipeline, error) {
	conf, err := resolve(ctx, yaml)
	if err != nil {
		return nil, err
	}
	ids, err := processorIDs(conf)
	if err != nil {
		return nil, err
	}

	sink := new(consumertest.TracesSink)
	p := &pipeline{first: sink, sink: sink}
	factories := factories()
	// From the last to the first: each one is given the one that follows.
	for _, id := range slices.Backward(ids) {
		stage, err := newStage(ctx, factories, conf, id, p.first)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", id, err)
		}
		p.first = stage
		p.stages = append(p.stages, stage)
	}
	for _, stage := range p.stages {
		if err := stage.Start(ctx, componenttest.NewNopHost()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// run hands the spans to the first processor and gives back what left the last one.
func (p *pipeline) run(ctx context.Context, traces ptrace.Traces) (ptrace.Traces, error) {
	p.sink.Reset()
	if err := p.first.ConsumeTraces(ctx, traces); err != nil {
		return ptrace.Traces{}, err
	}
	out := ptrace.NewTraces()
	for _, batch := range p.sink.AllTraces() {
		batch.ResourceSpans().MoveAndAppendTo(out.ResourceSpans())
	}
	return out, nil
}

func (p *pipeline) shutdown(ctx context.Context) error {
	var failures []error
	for _, stage := range slices.Backward(p.stages) {
		failures = append(failures, stage.Shutdown(ctx))
	}
	return errors.Join(failures...)
}

// factories are made anew for each pipeline: some keep what an earlier one found, under its name.
func factories() map[component.Type]processor.Factory {
	known := make(map[component.Type]processor.Factory)
	for _, factory := range []processor.Factory{
		attributesprocessor.NewFactory(),
		filterprocessor.NewFactory(),
		probabilisticsamplerprocessor.NewFactory(),
		redactionprocessor.NewFactory(),
		resourcedetectionprocessor.NewFactory(),
		resourceprocessor.NewFactory(),
		spanprocessor.NewFactory(),
		transformprocessor.NewFactory(),
	} {
		known[factory.Type()] = factory
	}
	for old, current := range deprecatedNames {
		known[component.MustNewType(old)] = known[component.MustNewType(current)]
	}
	return known
}

func resolve(ctx context.Context, yaml []byte) (*confmap.Conf, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"yaml:" + string(yaml)},
		ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory(), envprovider.NewFactory()},
		DefaultScheme:     "env",
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resolver.Shutdown(ctx) }()
	return resolver.Resolve(ctx)
}

// processorIDs lists the processors of the pipeline `traces` in their order, without the ignored ones.
func processorIDs(conf *confmap.Conf) ([]component.ID, error) {
	section, err := conf.Sub("service::pipelines::traces")
	if err != nil {
		return nil, err
	}
	var traces struct {
		Receivers  []component.ID `mapstructure:"receivers"`
		Processors []component.ID `mapstructure:"processors"`
		Exporters  []component.ID `mapstructure:"exporters"`
	}
	if err := section.Unmarshal(&traces); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(traces.Processors, func(id component.ID) bool {
		return slices.Contains(ignored, id.Type().String())
	}), nil
}

func newStage(
	ctx context.Context,
	factories map[component.Type]processor.Factory,
	conf *confmap.Conf,
	id component.ID,
	next consumer.Traces,
) (processor.Traces, error) {
	factory, known := factories[id.Type()]
	if !known {
		return nil, errors.New("unknown processor")
	}
	path := "processors::" + id.String()
	if !conf.IsSet(path) {
		return nil, errors.New("not configured under processors")
	}
	section, err := conf.Sub(path)
	if err != nil {
		return nil, err
	}
	config := factory.CreateDefaultConfig()
	if err := section.Unmarshal(&config); err != nil {
		return nil, err
	}
	if err := confmap.Validate(config); err != nil {
		return nil, err
	}
	settings := processortest.NewNopSettings(id.Type())
	settings.ID = id
	return factory.CreateTraces(ctx, settings, config, next)
}
