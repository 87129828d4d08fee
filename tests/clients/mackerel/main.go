// Reads from Mackerel's API with the official client, and prints what it understood as JSON: main URL SERVICE FROM TO.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"strconv"

	mackerel "github.com/mackerelio/mackerel-client-go"
)

// seen is what the client understood.
type seen struct {
	Walked  []*mackerel.ListTracesResult `json:"walked"`
	Found   []*mackerel.ListTracesResult `json:"found"`
	Trace   *mackerel.TraceResponse      `json:"trace"`
	HTTP    any                          `json:"http"`
	Queries any                          `json:"queries"`
	Missing *mackerel.APIError           `json:"missing"`
	Refused *mackerel.APIError           `json:"refused"`
}

func main() {
	url, service := os.Args[1], os.Args[2]
	from, to := number(os.Args[3]), number(os.Args[4])
	client, err := mackerel.NewClientWithOptions("key", url, false)
	check(err)
	var out seen

	perPage := 7
	all := &mackerel.ListTracesParam{ServiceName: service, From: from, To: to, PerPage: &perPage}
	for row, err := range client.ListTracesSeq(context.Background(), all) {
		check(err)
		out.Walked = append(out.Walked, row)
	}

	latency, ascending := mackerel.TraceOrderColumnLATENCY, mackerel.OrderDirectionASC
	environment, least := "production", int64(5)
	some := &mackerel.ListTracesParam{
		ServiceName: service, From: from, To: to, Environment: &environment, MinLatencyMillis: &least,
		Attributes: []mackerel.TraceAttributeFilter{{
			Key: "number", Value: "10", Operator: mackerel.TraceAttributeOperatorLT, Type: mackerel.TraceAttributeValueTypeInt,
		}},
		Order: mackerel.TraceOrder{Column: &latency, Direction: &ascending},
	}
	found, err := client.ListTraces(some)
	check(err)
	out.Found = found.Results
	out.Trace, err = client.GetTrace(found.Results[0].TraceID)
	check(err)

	out.HTTP, err = client.ListHTTPServerStats(&mackerel.ListHTTPServerStatsParam{ServiceName: service, From: from, To: from + 1800})
	check(err)
	out.Queries, err = client.ListDbQueryStats(&mackerel.ListDbQueryStatsParam{ServiceName: service, From: from, To: from + 1800})
	check(err)

	_, err = client.GetTrace("ffffffffffffffffffffffffffffffff")
	errors.As(err, &out.Missing)
	_, err = client.ListTraces(&mackerel.ListTracesParam{ServiceName: service, From: 2, To: 1})
	errors.As(err, &out.Refused)
	check(json.NewEncoder(os.Stdout).Encode(out))
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
