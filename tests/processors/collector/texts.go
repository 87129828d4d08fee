package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// textsPerSanitizer is the number of random texts for each sanitizer of `redaction`.
const textsPerSanitizer = 400

// sanitizer is one way in which `redaction` cleans a text.
type sanitizer struct {
	name string
	// config is what `redaction` is configured with.
	config string
	// system is the database system of the span, where there must be one.
	system string
	// inName says that the text is a span name, and not an attribute.
	inName bool
	text   func(*rand.Rand) string
}

var sanitizers = []sanitizer{
	{name: "url", config: "url_sanitizer: {enabled: true, attributes: [t]}", text: anyURL},
	{name: "sql", config: database("sql"), system: "postgresql", text: anySQL},
	{name: "sql mysql", config: database("sql"), system: "mysql", inName: true, text: anySQL},
	{name: "sql postgresql", config: database("sql"), system: "postgresql", inName: true, text: anySQL},
	{name: "sql mariadb", config: database("sql"), system: "mariadb", inName: true, text: anySQL},
	{name: "redis", config: database("redis"), system: "redis", text: anyRedis},
	{name: "memcached", config: database("memcached"), system: "memcached", text: anyMemcached},
	{name: "mongo", config: database("mongo"), system: "mongodb", text: anyJSON},
}

func database(kind string) string {
	return "db_sanitizer: {" + kind + ": {enabled: true, attributes: [t]}}"
}

// sanitizedTexts writes lines of sanitizer, text and result, the last two as JSON strings, separated by tabs.
func sanitizedTexts(ctx context.Context) ([]byte, error) {
	var table bytes.Buffer
	for number, s := range sanitizers {
		random := rand.New(rand.NewPCG(2, uint64(number)))
		texts := make([]string, textsPerSanitizer)
		for i := range texts {
			texts[i] = s.text(random)
		}
		results, err := s.clean(ctx, texts)
		if err != nil {
			return nil, err
		}
		for i := range texts {
			fmt.Fprintf(&table, "%s\t%s\t%s\n", s.name, asJSON(texts[i]), asJSON(results[i]))
		}
	}
	return table.Bytes(), nil
}

// clean sends each text through `redaction` in a span of its own.
func (s sanitizer) clean(ctx context.Context, texts []string) ([]string, error) {
	p, err := newPipeline(ctx, []byte(fmt.Sprintf(`
processors: {redaction: {allow_all_keys: true, %s}}
service: {pipelines: {traces: {processors: [redaction]}}}
`, s.config)))
	if err != nil {
		return nil, err
	}
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, text := range texts {
		span := spans.AppendEmpty()
		if s.system != "" {
			span.Attributes().PutStr("db.system.name", s.system)
		}
		if s.inName {
			span.SetKind(ptrace.SpanKindClient)
			span.SetName(text)
		} else {
			span.Attributes().PutStr("t", text)
		}
	}
	out, err := p.run(ctx, traces)
	if err != nil {
		return nil, err
	}
	var results []string
	for _, span := range out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		if text, isAttribute := span.Attributes().Get("t"); isAttribute {
			results = append(results, text.Str())
		} else {
			results = append(results, span.Name())
		}
	}
	return results, p.shutdown(ctx)
}

// asJSON gives a JSON string in which nothing can be taken for the end of a column or of a line.
func asJSON(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, letter := range text {
		switch {
		case letter == '"' || letter == '\\':
			out.WriteByte('\\')
			out.WriteRune(letter)
		case letter < 0x20 || letter == 0x7f || letter == 0x2028 || letter == 0x2029:
			fmt.Fprintf(&out, "\\u%04x", letter)
		default:
			out.WriteRune(letter)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// oneOf takes one of the texts by chance.
func oneOf(random *rand.Rand, texts ...string) string {
	return texts[random.IntN(len(texts))]
}

// several joins a chance number of pieces, at most the given one.
func several(random *rand.Rand, most int, separator string, piece func(*rand.Rand) string) string {
	pieces := make([]string, random.IntN(most+1))
	for i := range pieces {
		pieces[i] = piece(random)
	}
	return strings.Join(pieces, separator)
}

func anyURL(random *rand.Rand) string {
	return oneOf(random, "", "/", "/", "/", "GET /", "https://") + several(random, 13, "/", anySegment) +
		oneOf(random, "", "", "", "/", "?a=b/c", "#x", "&y", "?")
}

func anySegment(random *rand.Rand) string {
	switch random.IntN(10) {
	case 0:
		return fmt.Sprint(random.IntN(2000))
	case 1:
		return fmt.Sprintf("%x", random.Uint64())
	case 2:
		return oneOf(random, "users", "v1", "v12", "api", "index.php", "user_space", "k6-test-runs", "a b", "*", "**", "ä", "öl", "", "", "x-", "_", "{id}", "hello.world")
	case 3, 4:
		letters := make([]byte, 1+random.IntN(12))
		for i := range letters {
			letters[i] = byte('a' + random.IntN(26))
		}
		return string(letters)
	default:
		word := several(random, 5, "", func(random *rand.Rand) string {
			return oneOf(random, "th", "er", "on", "an", "re", "in", "st", "al", "qu", "ck", "xz", "jk", "o", "e", "sh", "ing", "tion", "ly", "br", "mp")
		})
		return oneOf(random, word, word, strings.ToUpper(word), word+"-"+word, word+"1", "1"+word)
	}
}

func anySQL(random *rand.Rand) string {
	return several(random, 12, "", func(random *rand.Rand) string {
		token := oneOf(random, "SELECT", "select", "FROM", "where", "TRUE", "false", "NULL", "nUll", "true1", "null,", "trueish", "IN", "VALUES", "AS",
			"t1", "users", "a1.b2", "ümlaut3", "_x9", "f1(", "f(", ")", "(", ",", ";", ".", "*", "=", "<>", ">=", "||", "::", ":name", ":", "?", "=?", "@p1", "@@v1", "@>", "#", "#>", "->", "->>", "<@",
			"1", "-1", "+2.5", "1e5", "1e+", "0x1F", "017", "08", ".5", "1.2.3", "9abc", "'x'", "'it''s'", "'a\\'b'", "'open", "''", "\"q1\"", "\"a1\".\"b2\"", "\"open", "`b1`", "[c1]", "$1", "$2x", "$$d$$", "$t$x$t$", "$func$SELECT 1$func$", "$",
			"-- c 1\n", "/* c 1 */", "/* open", "é", "\u00a0", "\\", "!", "&", "%s", "{", "}", "日本1", "\t", "\n")
		return token + oneOf(random, " ", " ", " ", "", "\n")
	})
}

func anyRedis(random *rand.Rand) string {
	command := func(random *rand.Rand) string {
		return oneOf(random, "SET", "get", "AUTH", "APPEND", "GETSET", "SETEX", "LINSERT", "GEOADD", "geohash", "HSET", "HMSET", "MSET", "CONFIG", "config", "BITFIELD", "ZADD", "SADD", "EVAL", "PING", "ZINCRBY", "Unknown", "", "  ") +
			oneOf(random, " ", " ", "  ", "\t", "") +
			several(random, 7, " ", func(random *rand.Rand) string {
				return oneOf(random, "k", "key:1", "v", "1", "\"a b\"", "\"open", "\"es\\\"c\"", "\\", "SET", "set", "GET", "INCRBY", "NX", "CH", "xx", "u8", "", "é", "a\\nb", "\"two\nlines\"")
			})
	}
	return several(random, 3, oneOf(random, "\n", "\n", "\r\n", " \n "), command)
}

func anyMemcached(random *rand.Rand) string {
	return several(random, 4, oneOf(random, "\r\n", "\n", " ", "\r\n\r\n"), func(random *rand.Rand) string {
		return oneOf(random, "set key 0 60 5", "get a b", "value", "", " ", "\t", "incr n 1", "é\u00a0")
	})
}

// anyJSON gives JSON with white space in all places, sometimes cut off.
func anyJSON(random *rand.Rand) string {
	text := blank(random) + anyValue(random, 3) + blank(random)
	if random.IntN(8) == 0 {
		letters := []rune(text)
		return string(letters[:random.IntN(len(letters)+1)])
	}
	return text
}

func anyValue(random *rand.Rand, depth int) string {
	kind := random.IntN(10)
	switch {
	case depth > 0 && kind < 4:
		return "{" + blank(random) + several(random, 3, blank(random)+","+blank(random), func(random *rand.Rand) string {
			return oneOf(random, `"a"`, `"$match"`, `"k\u0041"`, `"é"`, `""`, `"q\"q"`) + blank(random) + ":" + blank(random) + anyValue(random, depth-1)
		}) + blank(random) + "}"
	case depth > 0 && kind < 7:
		return "[" + blank(random) + several(random, 3, blank(random)+","+blank(random), func(random *rand.Rand) string {
			return anyValue(random, depth-1)
		}) + blank(random) + "]"
	default:
		return oneOf(random, "1", "-0.5e+3", "0", "true", "false", "null", `"x"`, `"a b"`, `"\\\"\n"`, `""`, `"日本"`)
	}
}

func blank(random *rand.Rand) string {
	return oneOf(random, "", "", "", " ", "\n", "\t ")
}
