package main

import (
	"fmt"
	"strings"
)

// around is the number of equal lines shown before and after a change.
const around = 3

// difference shows two texts line by line: removed lines with "-", new ones with "+", a few equal ones between.
func difference(expected, actual []byte) string {
	old := strings.Split(strings.TrimSuffix(string(expected), "\n"), "\n")
	new := strings.Split(strings.TrimSuffix(string(actual), "\n"), "\n")
	var marked []string
	common := commonLengths(old, new)
	i, j := 0, 0
	for i < len(old) || j < len(new) {
		switch {
		case i < len(old) && j < len(new) && old[i] == new[j]:
			marked = append(marked, "  "+old[i])
			i, j = i+1, j+1
		case j == len(new) || (i < len(old) && common[i+1][j] >= common[i][j+1]):
			marked = append(marked, "- "+old[i])
			i++
		default:
			marked = append(marked, "+ "+new[j])
			j++
		}
	}
	return nearChanges(marked)
}

// commonLengths tells for each pair of places how many lines the rests of the two texts have in common, in order.
func commonLengths(old, new []string) [][]int {
	lengths := make([][]int, len(old)+1)
	for i := range lengths {
		lengths[i] = make([]int, len(new)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(new) - 1; j >= 0; j-- {
			if old[i] == new[j] {
				lengths[i][j] = lengths[i+1][j+1] + 1
			} else {
				lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			}
		}
	}
	return lengths
}

// nearChanges keeps the marked lines and those around them; what is left out between is shown as "…".
func nearChanges(marked []string) string {
	shown := make([]bool, len(marked))
	for i, line := range marked {
		if !strings.HasPrefix(line, "  ") {
			for near := max(0, i-around); near <= min(len(marked)-1, i+around); near++ {
				shown[near] = true
			}
		}
	}
	var text strings.Builder
	for i, line := range marked {
		if shown[i] {
			fmt.Fprintln(&text, line)
		} else if i > 0 && shown[i-1] {
			fmt.Fprintln(&text, "…")
		}
	}
	return text.String()
}
