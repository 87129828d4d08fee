// The real processors of the OpenTelemetry Collector, run on given spans: what they hand on is what Spanway must
// hand on. Versions are pinned in go.mod.
//
//	go run . -check ../cases           compare each case with its expected.json
//	go run . -write ../cases           write each expected.json anew
//	go run . -config f -input f        run one configuration, print the spans that come out
//	go run . -stream                   answer lines of {"config": …, "input": …} from standard input
//	go run . -vectors ../vectors       write the tables anew
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "compare each case below the given folders with its expected.json")
	write := flag.Bool("write", false, "write expected.json of each case below the given folders")
	asked := flag.Bool("stream", false, "answer lines of JSON from standard input")
	config := flag.String("config", "", "configuration to run, with -input")
	input := flag.String("input", "", "OTLP/JSON spans to run it on")
	vectors := flag.String("vectors", "", "folder in which to write the tables")
	flag.Parse()

	ctx := context.Background()
	var err error
	switch {
	case *check:
		err = eachCase(ctx, flag.Args(), checkCase)
	case *write:
		err = eachCase(ctx, flag.Args(), writeCase)
	case *asked:
		err = stream(ctx, os.Stdin, os.Stdout)
	case *vectors != "":
		err = writeVectors(ctx, *vectors)
	case *config != "" && *input != "":
		err = printRun(ctx, *config, *input)
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// eachCase does the same with all cases, says which ones failed, and fails if any did.
func eachCase(ctx context.Context, paths []string, do func(context.Context, string) error) error {
	folders, err := caseFolders(paths)
	if err != nil {
		return err
	}
	failed := 0
	for _, folder := range folders {
		if err := do(ctx, folder); err != nil {
			failed++
			if !errors.Is(err, errDiffers) {
				fmt.Printf("%s: %v\n", folder, err)
			}
		}
	}
	fmt.Printf("%d cases, %d failed\n", len(folders), failed)
	if failed > 0 {
		return errors.New("not every case is as expected")
	}
	return nil
}

func printRun(ctx context.Context, config, input string) error {
	spans, err := runFiles(ctx, config, input)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(spans)
	return err
}
