"""Random statements and conditions of OTTL."""

import json
from random import Random

import ottl_spans
from ottl_functions import CONTEXTS, CONVERTERS, DEEPER, EDITORS, ENUMS, HASHING, KEYS, NAMING, PATHS, WITH_FUNCTION

LITERALS = {
    "int": ["0", "1", "2", "5", "42", "200", "-1", "-7", "010", "9223372036854775807", "+3"],
    "float": ["0.0", "1.5", "-2.5", "1.", ".5", "1.5e3", "200.0"],
    "bool": ["true", "false"],
    "bytes": ["0x00ff", "0x78", "0x48656c6c6f", "0x0af7651916cd43dd8448eb211c80319c"],
    "any": ["nil", "true", "0", "1.5", '""', '"x"', "0xff", '[1, "x"]', "[]", '{"k": 1}', "{}"],
    "list": ["[]", "[3, 1, 2]", '["b", "a"]', '[1, "x", nil, 2.5]', '[[1], {"k": "v"}]', "[true, false]"],
    "map": ["{}", '{"k": "v"}', '{"s": 1, "new": {"deep": [1, 2]}}', '{"é": nil, "i": 1.5}'],
    "time": ['Time("2024-02-29T23:59:58Z", "%Y-%m-%dT%H:%M:%S%z")', "Unix(1700000000)", "Unix(0, 5)", 'Time("2020-01-02", "%F")'],
    "duration": ['Duration("1h30m")', 'Duration("1s")', 'Duration("-250ms")', 'Duration("0")'],
    "traceid": ['TraceID("0af7651916cd43dd8448eb211c80319c")', "TraceID(0x0af7651916cd43dd8448eb211c80319c)"],
    "spanid": ['SpanID("b7ad6b7169203331")', "SpanID(0xb7ad6b7169203331)"],
}
# Types that take several others, and these.
WIDE = {
    "like": ["str", "str", "int", "float", "bool", "bytes", "map", "list", "any"],
    "scalar": ["str", "int", "float", "bool", "bytes"],
    "intlike": ["int", "float", "bool", "num", "any"],
    "floatlike": ["int", "float", "bool", "num"],
    "boollike": ["bool", "int", "float", "any"],
    "byteslike": ["bytes", "str", "int", "float", "bool"],
    "measured": ["str", "map", "list", "bytes", "events", "links"],
}
COMPARED = ["str", "str", "int", "int", "float", "bool", "bytes", "time", "duration", "map", "list", "traceid", "spanid", "any"]
# What holds for some and not for all.
SOME = {
    "resource": ['resource.attributes["service.name"] == "shop"', "resource.schema_url != \"\"", 'resource.attributes["b"] == true'],
    "scope": ['scope.name == "lib"', 'scope.version == ""', "scope.dropped_attributes_count > 0"],
    "span": ["span.kind == 2", 'span.kind.string == "Client"', 'IsMatch(span.name, "[0-9]")', "span.status.code == STATUS_CODE_ERROR", "IsRootSpan()", 'span.attributes["n"] < 2'],
    "spanevent": ['spanevent.name == "retry"', "spanevent.time_unix_nano > 1", 'spanevent.attributes["n"] >= 2'],
}
OPERATORS = ["==", "==", "!=", "!=", "<", "<=", ">", ">="]


class Words:
    """Makes texts for one context; with `explicit`, its own prefix is often left out."""

    def __init__(self, dice: Random, context: str, explicit: bool):
        self.dice, self.context, self.explicit = dice, context, explicit
        self.reach = CONTEXTS[: CONTEXTS.index(context) + 1]
        # A few lists are careless about types, where that fails when they are loaded.
        self.careless = dice.random() < 0.06

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def statement(self) -> str:
        if self.chance(0.5):
            made = self.setting()
        else:
            editor = self.dice.choice(list(EDITORS))
            if editor == "set_semconv_span_name" and self.context != "span":
                return self.statement()
            made = self.call(editor, *EDITORS[editor], 2)
        return f"{made} where {self.condition()}" if self.chance(0.25) else made

    def setting(self) -> str:
        if self.context == "span" and self.chance(0.05):
            return f"set(span.attributes[{self.dice.choice(NAMING)}], {self.value('str', 1)})"
        if self.chance(0.5):
            # The results of converters become visible in attributes.
            name = self.dice.choice([name for name in CONVERTERS if name != "IsRootSpan" or self.context == "span"])
            kind, taken, named = CONVERTERS[name]
            call = self.call(name, taken, named, 2)
            if kind in ("time", "duration", "traceid", "spanid") and not self.chance(0.1):
                call = {"time": f"UnixNano({call})", "duration": f"Nanoseconds({call})"}.get(kind, f"String({call})")
            elif kind in ("map", "list") and self.chance(0.3):
                call += self.dice.choice(['["a"]', '["url.path"]'] if kind == "map" else ["[0]", "[1]"])
            return f"set({self.target('any')}, {call})"
        kind = self.dice.choice(["any", "any", "str", "str", "int", "int", "map", "list", "time", "traceid", "spanid", "float", *self.wholes()])
        return f"set({self.target(kind)}, {self.value(kind, 2)})"

    def wholes(self) -> list[str]:
        return ["events", "links", "status"] if self.context.startswith("span") and self.chance(0.2) else []

    def call(self, name: str, taken: list, named: dict, depth: int) -> str:
        given = [self.argument(one, depth) for one in taken]
        wanted = [key for key in named if self.chance(0.35)]
        if name == "append" and not wanted:
            wanted = ["value"]
        if "replacement_format" in wanted and self.chance(0.8):
            wanted = list(WITH_FUNCTION)
        given += [f"{key}={self.argument(named[key], depth)}" for key in wanted]
        if self.careless and self.chance(0.1):
            self.dice.shuffle(given)
        return f"{name}({', '.join(given)})"

    def argument(self, kind, depth: int) -> str:
        if isinstance(kind, list):
            if kind is HASHING and not self.explicit and not self.careless:
                # A name in capitals alone is taken for an enum where the context is told from the paths.
                kind = [name for name in HASHING if name.startswith("To")]
            return self.value("any", 0) if self.careless and self.chance(0.2) else self.dice.choice(kind)
        if isinstance(kind, tuple):
            return f"[{', '.join(self.value(one, depth - 1) for one in kind[: self.dice.randint(1, len(kind))])}]"
        return self.target(kind[1:]) if kind.startswith("=") else self.value(kind, depth)

    # === values ===

    def value(self, kind: str, depth: int) -> str:
        if kind == "read":
            # What is written as a literal has to fit already when it is loaded.
            return self.value("any", 0) if self.careless else self.path(self.dice.choice(WIDE["like"]))
        kind = self.dice.choice(WIDE.get(kind, [kind]))
        if self.chance(0.05) and kind != "any":
            return self.path("any")
        if kind == "any":
            kind = self.dice.choice(["str", "int", "float", "bool", "bytes", "list", "map", "any", "any", "any"])
        if kind in ("events", "links", "status"):
            return self.path(kind)
        roll = self.dice.random()
        if depth > 0 and roll < 0.3 and (made := self.made(kind, depth)):
            return made
        if roll < 0.5 and not self.is_typed_by_text(kind):
            return self.literal(kind)
        return self.path(kind)

    @staticmethod
    def is_typed_by_text(kind: str) -> bool:
        return kind in ottl_spans.TEXTS and kind not in ("s", "t")

    def literal(self, kind: str) -> str:
        if kind == "int" and self.context.startswith("span") and self.chance(0.2):
            return self.dice.choice(ENUMS)
        if kind in LITERALS:
            return self.dice.choice(LITERALS[kind])
        return json.dumps(self.dice.choice(ottl_spans.TEXTS["s"] + ottl_spans.TEXTS["t"]), ensure_ascii=False)

    def made(self, kind: str, depth: int) -> str:
        """A call or a calculation that gives such a value; empty when nothing does."""
        if kind in ("int", "float", "time", "duration") and self.chance(0.5):
            return self.calculation(kind, depth)
        known = [name for name, (gives, _, _) in CONVERTERS.items() if gives == kind and (name != "IsRootSpan" or self.context == "span")]
        if not known:
            return ""
        name = self.dice.choice(known)
        return self.call(name, *CONVERTERS[name][1:], depth - 1)

    def calculation(self, kind: str, depth: int) -> str:
        if kind == "time":
            return f"{self.value('time', depth - 1)} {self.dice.choice('+-')} {self.value('duration', depth - 1)}"
        if kind == "duration":
            operand = self.dice.choice(["time", "duration"])
            return f"{self.value(operand, depth - 1)} - {self.value(operand, depth - 1)}"
        one, other = (self.value(self.dice.choice(["int", kind]), depth - 1) for _ in range(2))
        made = f"{one} {self.dice.choice('+-*/')} {other}"
        if self.chance(0.3):
            made = f"({made}) {self.dice.choice('+-*/')} {self.value(kind, 0)}"
        return f"-({made})" if self.chance(0.1) else made

    # === paths ===

    def path(self, kind: str) -> str:
        """Something to read, of this type in most spans."""
        if self.chance(0.02):
            return self.dice.choice(["otelcol.client.addr", 'otelcol.client.metadata["x"]', "otelcol.grpc.metadata"])
        return self.target(kind, reads=True)

    def target(self, kind: str, reads: bool = False) -> str:
        context = self.dice.choice([self.context, self.context, self.context, *self.reach])
        plain = PATHS[context].get(kind, [])
        if kind == "any" and self.chance(0.15):
            plain = [path for some in PATHS[context].values() for path in some]
        keys = KEYS.get(kind) or ([kind] if kind in ottl_spans.TEXTS else None)
        if plain and (not keys or self.chance(0.5)):
            return self.prefixed(context, self.dice.choice(plain))
        if not keys:
            return self.elsewhere(kind, reads)
        bag = "attributes"
        if context == self.context and self.chance(0.04 if reads else 0.1):
            bag = "cache"
        rest = f'["{self.dice.choice(keys)}"]'
        if kind in DEEPER and self.chance(0.2):
            rest = self.dice.choice(DEEPER[kind])
        elif self.chance(0.05):
            rest = f"[{self.prefixed(context, 'attributes')}[\"key\"]]"
        elif not reads and kind == "any" and self.chance(0.4):
            rest = self.dice.choice(['["new"]', '["m"]["new"]["deep"]', '["e"][1]', '["e"]["k"]', '["l"][0]', '["out"]'])
        return self.prefixed(context, bag + rest)

    def elsewhere(self, kind: str, reads: bool) -> str:
        """Such a path of another context in reach, or what comes near."""
        found = [self.prefixed(context, path) for context in self.reach for path in PATHS[context].get(kind, [])]
        return self.dice.choice(found or [self.literal(kind) if reads else self.prefixed(self.context, 'attributes["s"]')])

    def prefixed(self, context: str, path: str) -> str:
        return path if self.explicit and context == self.context and self.chance(0.5) else f"{context}.{path}"

    # === conditions ===

    def selection(self) -> str:
        """A condition of a list, which seldom holds for everything."""
        if self.chance(0.2):
            return self.condition()
        some, made = self.dice.choice(SOME[self.dice.choice([self.context, self.context, *self.reach])]), self.condition(1)
        if "IsRootSpan" in some and self.context != "span":
            some = "span.kind == 3"
        return self.dice.choice([some, f"{some} and ({made})", f"{some} and {made}", f"({made}) and {some}"])

    def condition(self, depth: int = 2) -> str:
        roll = self.dice.random()
        if depth > 0 and roll < 0.25:
            made = f" {self.dice.choice(['and', 'or', 'or'])} ".join(self.condition(depth - 1) for _ in range(self.dice.randint(2, 3)))
            return f"({made})" if self.chance(0.4) else made
        if roll < 0.33:
            return f"not {self.comparison(1)}" if self.chance(0.6) else f"not ({self.condition(depth - 1)})"
        if roll < 0.55:
            return self.made("bool", 2)
        return "true" if roll < 0.57 else self.comparison(1)

    def comparison(self, depth: int) -> str:
        kind = self.dice.choice(COMPARED)
        other = kind if self.chance(0.75) else self.dice.choice(["any", "int", "float", "str"])
        left, right = self.path(kind) if self.chance(0.6) else self.value(kind, depth), self.value(other, depth)
        if self.chance(0.1):
            left, right = right, left
        if self.chance(0.1):
            right = "nil"
        return f"{left} {self.dice.choice(OPERATORS)} {right}"
