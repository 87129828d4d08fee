// Checks and renders charts as helm does, with helm's own packages, which build in a part of its time.
//
// Reads a JSON array of cases from standard input, writes an array of results to standard output.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// What to render: `helm template RELEASE CHART --namespace observability --values VALUES`.
type renderCase struct {
	Chart   string         `json:"chart"`
	Release string         `json:"release"`
	Values  map[string]any `json:"values"`
}

// The files that came out, or why none did; and what `helm lint` says, from warnings on.
type result struct {
	Files map[string]string `json:"files"`
	Error string            `json:"error"`
	Lint  []string          `json:"lint"`
}

const namespace = "observability"

func main() {
	// The loader says on the standard logger that it follows a link.
	log.SetOutput(io.Discard)
	var cases []renderCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	results := make([]result, len(cases))
	for i, one := range cases {
		files, err := render(one)
		results[i].Files = files
		if err != nil {
			results[i].Error = err.Error()
			continue
		}
		for _, message := range lint.All(one.Chart, one.Values, namespace, true).Messages {
			if message.Severity >= support.WarningSev {
				results[i].Lint = append(results[i].Lint, message.Error())
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(one renderCase) (map[string]string, error) {
	chart, err := loader.Load(one.Chart)
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, one.Values); err != nil {
		return nil, err
	}
	options := chartutil.ReleaseOptions{Name: one.Release, Namespace: namespace, Revision: 1, IsInstall: true}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = chartutil.KubeVersion{Version: "v1.34.0", Major: "1", Minor: "34"}
	values, err := chartutil.ToRenderValues(chart, one.Values, options, capabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, values)
}
