package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var (
	percentages = []string{
		"0", "0.001", "0.0061", "0.0062", "0.01", "0.1", "1", "5", "10", "15", "20",
		"25", "33.3", "50", "66.6", "75", "90", "99", "99.99", "100", "150",
	}
	seeds      = []uint32{0, 22, 4294967295}
	precisions = []int{1, 2, 3, 4, 7, 14}
	// states are the trace states that each rule meets, besides the random ones.
	states = []string{
		"a=b", "ot=th:8", "ot=th:0", "ot=th:c;rv:e05a99c8df8d32", "ot=rv:9B8233F7E3A151;th:80", "ot=rv:ffffffffffffff",
		"ot=rv:00000000000000", "ot=th:8;k:v, a=b", "x=y,ot=th:ffffffffffffff;rv:ffffffffffffff", "ot=th:8;;", "ot=rv:1",
	}
)

const (
	// uniform is the number of random trace ids for each rule.
	uniform = 16
	// sought is the number of trace ids that are kept, and of those that are dropped, looked for among candidates.
	sought     = 8
	candidates = 20000
	// randomStates is the number of random thresholds and randomness values for each rule.
	randomStates = 8
)

// rule is one configuration of the sampler.
type rule struct {
	mode       string
	percentage string
	seed       uint32
	precision  int
	failClosed bool
}

// arrival is what decides about a span, as it arrives.
type arrival struct {
	id    pcommon.TraceID
	state string
}

// decision tells whether the span is kept and, if so, the trace state with which it leaves.
type decision struct {
	kept  bool
	state string
}

// samplerDecisions writes what the sampler decides in one mode: a line for each rule, then its decisions.
func samplerDecisions(ctx context.Context, mode string, random *rand.Rand) ([]byte, error) {
	var table bytes.Buffer
	for _, rule := range rulesOf(mode) {
		if err := writeRule(ctx, &table, rule, random); err != nil {
			return nil, err
		}
	}
	return table.Bytes(), nil
}

// rulesOf gives all percentages with each seed or each precision, and those with the default precision also open.
func rulesOf(mode string) []rule {
	var rules []rule
	for _, percentage := range percentages {
		if mode == "hash_seed" {
			for _, seed := range seeds {
				rules = append(rules, rule{mode, percentage, seed, 4, true})
			}
		} else {
			for _, precision := range precisions {
				rules = append(rules, rule{mode, percentage, 0, precision, true})
			}
		}
		rules = append(rules, rule{mode, percentage, 0, 4, false})
	}
	return rules
}

func writeRule(ctx context.Context, table *bytes.Buffer, r rule, random *rand.Rand) error {
	arrivals, err := arrivalsFor(ctx, r, random)
	if err != nil {
		return err
	}
	decisions, err := decide(ctx, r, arrivals)
	if err != nil {
		return err
	}
	fmt.Fprintf(table, "rule\t%s\t%s\t%d\t%d\t%t\n", r.mode, r.percentage, r.seed, r.precision, r.failClosed)
	for i, arrived := range arrivals {
		fmt.Fprintf(table, "%s\t%s\t", hex.EncodeToString(arrived.id[:]), arrived.state)
		if decisions[i].kept {
			fmt.Fprintf(table, "keep\t%s\n", decisions[i].state)
		} else {
			fmt.Fprintln(table, "drop")
		}
	}
	return nil
}

// arrivalsFor gives trace ids of all kinds without a trace state, then trace states of all kinds.
func arrivalsFor(ctx context.Context, r rule, random *rand.Rand) ([]arrival, error) {
	arrivals := []arrival{{}, {id: lastBytes(1)}, {id: filled(0xff)}}
	for range uniform {
		arrivals = append(arrivals, arrival{id: anyID(random)})
	}
	found, err := keptAndDropped(ctx, r, random)
	if err != nil {
		return nil, err
	}
	arrivals = append(arrivals, found...)
	border, err := idsAtThreshold(ctx, r)
	if err != nil {
		return nil, err
	}
	arrivals = append(arrivals, border...)

	for _, state := range states {
		arrivals = append(arrivals, arrival{id: anyID(random), state: state})
	}
	for range randomStates {
		arrivals = append(arrivals, arrival{id: anyID(random), state: anyState(random)})
	}
	return arrivals, nil
}

// keptAndDropped looks for trace ids of both fates, which random ones seldom show near 0 and 100 percent.
func keptAndDropped(ctx context.Context, r rule, random *rand.Rand) ([]arrival, error) {
	tried := make([]arrival, candidates)
	for i := range tried {
		tried[i].id = anyID(random)
		if i%2 == 0 {
			// Half of them near the ends of the range of randomness.
			end := byte(0xff * random.IntN(2))
			for place := 9; place < 10+random.IntN(3); place++ {
				tried[i].id[place] = end
			}
		}
	}
	decisions, err := decide(ctx, r, tried)
	if err != nil {
		return nil, err
	}
	var found []arrival
	left := map[bool]int{true: sought, false: sought}
	for i, decided := range decisions {
		if left[decided.kept] > 0 {
			left[decided.kept]--
			found = append(found, tried[i])
		}
	}
	return found, nil
}

// idsAtThreshold gives the trace ids whose randomness is the threshold itself and one less.
func idsAtThreshold(ctx context.Context, r rule) ([]arrival, error) {
	if r.mode == "hash_seed" {
		return nil, nil
	}
	decisions, err := decide(ctx, r, []arrival{{id: filled(0xff)}})
	if err != nil {
		return nil, err
	}
	digits, hasThreshold := strings.CutPrefix(decisions[0].state, "ot=th:")
	if !hasThreshold {
		return nil, nil
	}
	threshold, err := strconv.ParseUint((digits + strings.Repeat("0", 14))[:14], 16, 64)
	if err != nil || threshold == 0 {
		return nil, err
	}
	return []arrival{{id: lastBytes(threshold)}, {id: lastBytes(threshold - 1)}}, nil
}

// decide sends one span for each arrival through the sampler.
func decide(ctx context.Context, r rule, arrivals []arrival) ([]decision, error) {
	p, err := newPipeline(ctx, []byte(fmt.Sprintf(`
processors:
  probabilistic_sampler:
    mode: %s
    sampling_percentage: %s
    hash_seed: %d
    sampling_precision: %d
    fail_closed: %t
service: {pipelines: {traces: {processors: [probabilistic_sampler]}}}
`, r.mode, r.percentage, r.seed, r.precision, r.failClosed)))
	if err != nil {
		return nil, err
	}
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, arrived := range arrivals {
		span := spans.AppendEmpty()
		span.SetName(strconv.Itoa(i))
		span.SetTraceID(arrived.id)
		span.TraceState().FromRaw(arrived.state)
	}
	out, err := p.run(ctx, traces)
	if err != nil {
		return nil, err
	}
	decisions := make([]decision, len(arrivals))
	if out.SpanCount() > 0 {
		for _, span := range out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			i, err := strconv.Atoi(span.Name())
			if err != nil {
				return nil, err
			}
			decisions[i] = decision{kept: true, state: span.TraceState().AsRaw()}
		}
	}
	return decisions, p.shutdown(ctx)
}

func anyID(random *rand.Rand) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], random.Uint64())
	binary.BigEndian.PutUint64(id[8:], random.Uint64())
	return id
}

func lastBytes(number uint64) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], number)
	return id
}

func filled(with byte) (id pcommon.TraceID) {
	return pcommon.TraceID(bytes.Repeat([]byte{with}, len(id)))
}

// anyState gives a threshold of any length, often with a randomness value, which need not agree with it.
func anyState(random *rand.Rand) string {
	const bits = 56
	threshold := fmt.Sprintf("%014x", random.Uint64N(1<<bits))[:1+random.IntN(14)]
	members := []string{"th:" + threshold}
	if random.IntN(3) > 0 {
		members = append(members, fmt.Sprintf("rv:%014x", (1<<bits-1)-random.Uint64N(1<<(bits-random.IntN(8)))))
	}
	return "ot=" + strings.Join(members, ";")
}
