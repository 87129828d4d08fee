package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// writeVectors writes the tables: accepted configurations and statements, matched patterns, sanitized texts, and decisions for each
// mode of the sampler. Chance is seeded, so that they change only when the Collector does.
func writeVectors(ctx context.Context, folder string) error {
	texts, err := sanitizedTexts(ctx)
	if err != nil {
		return err
	}
	tried, err := triedStatements(ctx)
	if err != nil {
		return err
	}
	tables := map[string][]byte{
		"configurations.txt": triedConfigurations(ctx),
		"patterns.txt":       matchedPatterns(),
		"sanitizers.txt":     texts,
		"statements.txt":     tried,
	}
	for number, mode := range []string{"hash_seed", "proportional", "equalizing"} {
		table, err := samplerDecisions(ctx, mode, rand.New(rand.NewPCG(1, uint64(number))))
		if err != nil {
			return err
		}
		tables[mode+".txt"] = table
	}
	for name, table := range tables {
		if err := os.WriteFile(filepath.Join(folder, name), table, 0o644); err != nil {
			return err
		}
	}
	return nil
}
