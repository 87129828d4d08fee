package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

const (
	// patterns is the number of random regular expressions, each met with some texts.
	patterns        = 1000
	textsPerPattern = 2
)

// matchedPatterns writes what the Collector's engine of regular expressions makes of random patterns and texts.
func matchedPatterns() []byte {
	random := rand.New(rand.NewPCG(3, 0))
	var table bytes.Buffer
	for range patterns {
		pattern := anyPattern(random)
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			fmt.Fprintf(&table, "%s\trefused\n", asJSON(pattern))
			continue
		}
		for range textsPerPattern {
			text := several(random, 6, "", anyLetters)
			replaced := compiled.ReplaceAllStringFunc(text, func(string) string { return "****" })
			fmt.Fprintf(&table, "%s\t%s\t%s\t%s\n", asJSON(pattern), asJSON(text), ranges(compiled, text), asJSON(replaced))
		}
	}
	return table.Bytes()
}

// ranges shows the bytes of the first match and of its groups as "start-end", or "-" for a group without part in it.
func ranges(compiled *regexp.Regexp, text string) string {
	places := compiled.FindStringSubmatchIndex(text)
	if places == nil {
		return "none"
	}
	var shown []string
	for i := 0; i < len(places); i += 2 {
		if places[i] < 0 {
			shown = append(shown, "-")
		} else {
			shown = append(shown, fmt.Sprintf("%d-%d", places[i], places[i+1]))
		}
	}
	return strings.Join(shown, ",")
}

func anyPattern(random *rand.Rand) string {
	return oneOf(random, "", "", "", "(?i)", "(?s)", "(?m)", "(?U)", "(?im)", "^", "(?i-s)") +
		several(random, 4, "", anyPiece) +
		oneOf(random, "", "", "", "$", "|", "|b")
}

func anyPiece(random *rand.Rand) string {
	if random.IntN(30) == 0 {
		return anyAtom(random) + oneOf(random, "{1001}", "{2,1}", "**", "*{2}", "{2}{3}")
	}
	return anyAtom(random) + oneOf(random, "", "", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{1,}", "{,2}", "{", "{a}")
}

func anyAtom(random *rand.Rand) string {
	if random.IntN(30) == 0 {
		return oneOf(random, `\Z`, `\p{Nope}`, `\x4`, `\1`, `\G`, `\y`, `\e`, `\h`, `\u0041`, `\<`, `\é`, `[[:nope:]]`, `[z-a]`, `[a-\d]`,
			`[`, `[]`, `[\b]`, `(?=a)`, `(?!a)`, `(?P<a.b>a)`, `(?P<1>a)`, `(?<é>a)`, `(?x)`, `(?>a)`, `(?P=n)`, `(`, `)`, `*`)
	}
	switch random.IntN(6) {
	case 0:
		inner := several(random, 2, oneOf(random, "", "|"), anyPiece)
		return oneOf(random, "(", "(?:", "(?i:", "(?s-i:", fmt.Sprintf("(?P<n%d>", random.IntN(4)), fmt.Sprintf("(?<n%d>", random.IntN(4))) + inner + ")"
	case 1, 2:
		return oneOf(random, `\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `.`, `.`, `\A`, `\z`, `\pL`, `\p{Greek}`, `\PL`, `\p{Lu}`, `\p{^Lu}`,
			`\x41`, `\x{e9}`, `\n`, `\t`, `\v`, `\a`, `\07`, `\C`, `\Qa.\E`, `\Qa`, `\.`, `\-`, `\_`, `\/`)
	case 3:
		return oneOf(random, `[a-c]`, `[^a]`, `[[:alpha:]]`, `[^[:space:]]`, `[[:^digit:]]`, `[\d_]`, `[^\w]`, `[a\-z]`, `[]a]`, `[^]a]`, `[é-ö]`, `[\pL]`, `[[a]`,
			`[a&&b]`, `[a--b]`, `[a~~b]`, `[.]`, `[k]`, `[^k]`, `[[:word:]]`, `[\x41-\x43]`, `[a-]`, `[-a]`, `[\Qa\E]`, `[^\S\n]`, `[[:upper:]]`)
	default:
		return oneOf(random, "a", "b", "A", "k", "s", "é", "1", "_", " ", "-", "]", "}", "ς", "ab", ":", "#", "&&")
	}
}

func anyLetters(random *rand.Rand) string {
	if random.IntN(2) == 0 {
		return oneOf(random, "a", "b", "A", "ab", "k", "s", "é", "1", " ")
	}
	return oneOf(random, "B", "K", "\u212a", "ſ", "É", "e\u0301", "٣", "_", "\n", "\v", "\t", "\u00a0", "-", ".", "]", "}", "σ", "ς", "Σ", "日", ":", "#", "ß", "\u0085", "\r", "&")
}
