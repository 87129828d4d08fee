"""Random configurations of processors, mostly valid, and spans that they have something to do with."""

import json
from random import Random

import ottl

KINDS = ("attributes", "resource", "span", "redaction", "sanitizers", "probabilistic_sampler", "chains", *ottl.KINDS)

KEYS = ["a", "b", "user.id", "http.url", "", "é", "db.system", "db.statement", "password", "sampling.priority", "n"]
NAMED = [key for key in KEYS if key]
TEXTS = [
    "", "x", "secret", "GET /users/123", "4111111111111111 and 4012888888881881", "a\nb\n", "/api/v1/orders/17", "42", "-7", "+5",
    " 5", "5.0", "1e400", "0x1p-2", "1_000", "NaN", "inf", "-Infinity", ".5", "true", "é☃𝄞", "key=value", "a,b", "SELECT 1", "user:12:x",
]
PATTERNS = [
    "a", "^a$", ".*", "^$", r"\d+", r"\w", "[a-c]", "(?i)SECRET", "user", r"4[0-9]{12}(?:[0-9]{3})?", "^", "$", r"\.", "(?P<g>x)|y",
    "é", r"\bx\b", "[[:digit:]]", "b|", "x*",
]
GROUPS = [
    r"^(?P<m>\w+) (?P<path>.*)$", r"/users/(?P<id>\d+)", r"(?P<a>x)|(?P<b>y)", r"(?P<n>.)", r"(\d)", "nothing", r"(?P<whole>.*)",
    r"(?P<first>[a-z]+).*?(?P<last>\d+)?",
]
NAMES = ["", "GET /users/123", "x", "/api/v1/document/12345678/update", "SELECT * FROM t WHERE id = 5", "é", "a b c 7"]
KINDS_OF_SPANS = ["SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"]
STATES = [
    "", "foo=bar", "ot=th:8", "ot=th:c;rv:e05a99c8df8d32", "ot=rv:9b8233f7e3a151", "ot=th:0;rv:9b8233f7e3a151;x:1,a=b", "ot=th:;", "ot=rv:12",
    "ot=th:8;rv:70000000000000", "foo", "a=b,,c=d", " a = b ", "ot=TH:8", "ot=th:D70A", "ot=th:d70a3d70a3d70a3", "a=1,a=2,ot=th:4", "ot=x:y",
    "t@s=1,ot=th:fffff", "ot=rv:FFFFFFFFFFFFFF", ",".join(f"k{n}=v" for n in range(31)), ",".join(f"k{n}=v" for n in range(32)),
]
HASHES = ["md5", "sha1", "sha3", "hmac-sha256", "hmac-sha512", "SHA1"]
URLS = [
    "/users/123/profile", "/api/v1/users?id=1", "/a/b/c/d/e/f/g/h/i/j/k/l", "/v12/x", "/health#top", "//", "/1", "/users/abc123", "x&y", "/A/B",
]
STATEMENTS = [
    "SELECT * FROM accounts WHERE id = 42", "select 'a''b', \"c\" from t1 -- note", "INSERT INTO t (a, b) VALUES (1, 'x')", "SET user:123 secret",
    "GET key", "HMSET h f v g w", "set key 0 60 5\r\nmysecret\r\n", '{"find":"users","filter":{"name":"john","n":[1,2]}}', "{}", "[1,", "null",
    "SELECT $1, $$text$$, 0x1F, 1.5e3 /* c */", "AUTH secret", "", "MSET a 1 b 2\nGET a",
]
# Without mysql: in the Collector a span name of its dialect changes how later statements are read, whatever they are of.
SYSTEMS = ["postgresql", "redis", "valkey", "memcached", "mongodb", "PostgreSQL", "x", "opensearch", "sqlite"]


def config(processors: dict) -> str:
    """JSON is YAML."""
    pipeline = {"receivers": ["nop"], "processors": list(processors), "exporters": ["nop"]}
    return json.dumps(
        {
            "receivers": {"nop": None},
            "processors": processors,
            "exporters": {"nop": None},
            "service": {"pipelines": {"traces": pipeline}},
        },
        ensure_ascii=False,
    )


def case(kind: str, dice: Random) -> tuple[dict, dict]:
    if kind in ottl.KINDS:
        return ottl.case(kind, dice)
    if kind == "chains":
        kinds = dice.choices(["attributes", "resource", "span", "redaction", "probabilistic_sampler"], k=dice.randint(2, 4))
        processors = {f"{one}/{number}": MAKERS[one](dice) for number, one in enumerate(kinds)}
    elif kind == "sanitizers":
        processors = {"redaction": sanitizers(dice)}
    else:
        processors = {kind: MAKERS[kind](dice)}
    return processors, spans(dice, kind)


# === configurations ===


def literal(dice: Random):
    """Nothing at all is an error in most places, and so is rare."""
    some = [dice.choice(TEXTS), dice.randint(-5, 5), dice.choice([0.5, -1e21, 1e-7, 3.0]), True, [1, "x"], {"k": "v"}]
    return None if dice.random() < 0.02 else dice.choice(some)


def action(dice: Random) -> dict:
    kind = dice.choice(["insert", "update", "upsert", "delete", "hash", "extract", "convert", "UPSERT", "wrong"][: dice.choice([7, 7, 7, 8, 9])])
    made = {"action": kind, "key": dice.choice(KEYS if dice.random() < 0.1 else NAMED)}
    if kind.lower() in ("insert", "update", "upsert"):
        source = dice.choice(["value", "value", "from_attribute", "from_context"])
        made[source] = {
            "value": literal(dice),
            "from_attribute": dice.choice(KEYS),
            "from_context": dice.choice(["metadata.x", "client.address", "y"]),
        }[source]
    elif kind in ("delete", "hash"):
        if dice.random() < 0.4:
            made["pattern"] = dice.choice(PATTERNS)
        if dice.random() < (0.4 if "pattern" in made else 0.02):
            del made["key"]
    elif kind == "extract":
        made["pattern"] = dice.choice(GROUPS)
    elif kind == "convert":
        made["converted_type"] = dice.choice(["string", "int", "double", "double", "wrong"][: dice.choice([4, 4, 5])])
    if dice.random() < 0.03:
        made[dice.choice(["value", "pattern", "converted_type", "from_attribute"])] = "x"
    return made


def attribute_match(dice: Random) -> dict:
    made = {"key": dice.choice(KEYS if dice.random() < 0.05 else NAMED)}
    if dice.random() < 0.6:
        made["value"] = literal(dice)
    return made


def match(dice: Random) -> dict:
    strict = dice.random() < 0.5
    made = {"match_type": "strict" if strict else "regexp"}
    texts = TEXTS if strict else PATTERNS
    for key, some in {
        "services": lambda: dice.choice(["shop", "cart", ".*", "<nil-service-name>"]),
        "span_names": lambda: dice.choice(NAMES if strict else PATTERNS),
        "span_kinds": lambda: dice.choice(KINDS_OF_SPANS + ["SERVER"]),
        "attributes": lambda: attribute_match(dice),
        "resources": lambda: attribute_match(dice),
        "libraries": lambda: {"name": dice.choice(["lib", "other", *texts[:3]])} | ({"version": dice.choice(["", "1.0"])} if dice.random() < 0.4 else {}),
    }.items():
        if dice.random() < 0.25:
            made[key] = [some() for _ in range(dice.randint(1, 2))]
    if len(made) == 1:
        made["span_names"] = [dice.choice(NAMES)] if strict else [dice.choice(PATTERNS)]
    if dice.random() < 0.03:
        del made["match_type"]
    return made


def matching(dice: Random) -> dict:
    return {side: match(dice) for side in ("include", "exclude") if dice.random() < 0.25}


def attributes(dice: Random) -> dict:
    return {"actions": [action(dice) for _ in range(dice.randint(1, 5))]} | matching(dice)


def resource(dice: Random) -> dict:
    return {"attributes": [action(dice) for _ in range(dice.randint(1, 5))]}


def span(dice: Random) -> dict:
    made, name = matching(dice), {}
    if dice.random() < 0.5:
        name["from_attributes"] = dice.choices(KEYS, k=dice.randint(1, 2))
        if dice.random() < 0.5:
            name["separator"] = "::"
    if not name or dice.random() < 0.6:
        name["to_attributes"] = {"rules": dice.choices(GROUPS, k=dice.randint(1, 3))}
        for key in ("break_after_match", "keep_original_name"):
            if dice.random() < 0.3:
                name["to_attributes"][key] = True
    if name:
        made["name"] = name
    if dice.random() < 0.4:
        made["status"] = {"code": dice.choice(["Ok", "Error", "Error", "Unset", "error"][: 4 if dice.random() < 0.95 else 5])}
        if dice.random() < (0.5 if made["status"]["code"] == "Error" else 0.03):
            made["status"]["description"] = "why"
    return made


def redaction(dice: Random) -> dict:
    made = {"summary": dice.choice(["debug", "info", "silent", "other"])}
    if dice.random() < 0.6:
        made["allow_all_keys"] = True
    for key, pool in {
        "allowed_keys": KEYS,
        "ignored_keys": KEYS,
        "ignored_key_patterns": PATTERNS,
        "blocked_key_patterns": PATTERNS,
        "blocked_values": PATTERNS,
        "allowed_values": PATTERNS,
    }.items():
        if dice.random() < 0.35:
            made[key] = dice.choices(pool, k=dice.randint(1, 3))
    if dice.random() < 0.4:
        made["hash_function"] = dice.choice(HASHES)
        if made["hash_function"].startswith("hmac") and dice.random() < 0.9:
            made["hmac_key"] = "k" * dice.choice([31, 32, 64])
    if dice.random() < 0.3:
        made["redact_all_types"] = True
    return made


def sanitizers(dice: Random) -> dict:
    made = {"allow_all_keys": True, "summary": "debug"}
    if dice.random() < 0.5:
        made["url_sanitizer"] = {"enabled": True, "attributes": ["http.url", "a"]}
        if dice.random() < 0.3:
            made["url_sanitizer"]["sanitize_span_name"] = False
    if dice.random() < 0.7:
        made["db_sanitizer"] = {
            system: {"enabled": True, "attributes": ["db.statement", "b"]}
            for system in ("sql", "redis", "valkey", "memcached", "mongo", "opensearch", "es")
            if dice.random() < 0.5
        }
    return made


def probabilistic_sampler(dice: Random) -> dict:
    made = {"sampling_percentage": dice.choice([0, 0.001, 0.01, 1, 10, 15, 25, 33.3, 50, 66.6, 90, 99.99, 100, 150, 50, 50])}
    for key, pool in {
        "mode": ["hash_seed", "proportional", "equalizing"],
        "hash_seed": [0, 22, 4294967295],
        "fail_closed": [True, False],
        "sampling_precision": [1, 2, 4, 13, 14, 15, 0],
    }.items():
        if dice.random() < 0.6:
            made[key] = dice.choice(pool[:5] if dice.random() < 0.9 else pool)
    return made


MAKERS = {
    "attributes": attributes,
    "resource": resource,
    "span": span,
    "redaction": redaction,
    "probabilistic_sampler": probabilistic_sampler,
}


# === spans ===


def value(dice: Random, depth: int = 0) -> dict:
    kind = dice.randrange(8 if depth < 2 else 5)
    if kind <= 1:
        return {"stringValue": dice.choice(TEXTS)}
    if kind == 2:
        return {"intValue": str(dice.choice([0, 5, -1, 42, 2**63 - 1, -(2**63)]))}
    if kind == 3:
        return {"doubleValue": dice.choice([0.0, 5.0, 1.5, -2.5, 1e21, 1e-7, 123456789.125, 1e300])}
    if kind == 4:
        return {"boolValue": dice.random() < 0.5}
    if kind == 5:
        return {"bytesValue": dice.choice(["", "AP8=", "eA=="])}
    if kind == 6:
        return {"arrayValue": {"values": [value(dice, depth + 1) for _ in range(dice.randrange(3))]}}
    return {"kvlistValue": {"values": pairs(dice, dice.randrange(3), depth + 1)}}


def pairs(dice: Random, count: int, depth: int = 0, keys: list = KEYS) -> list:
    return [{"key": dice.choice(keys), "value": value(dice, depth)} for _ in range(count)]


def one_span(dice: Random, kind: str) -> dict:
    made = {
        "traceId": dice.choice(["0" * 32, "f" * 32, *[f"{dice.getrandbits(128):032x}"] * 6]),
        "spanId": f"{dice.getrandbits(64):016x}",
        "name": dice.choice(NAMES + (URLS if kind == "sanitizers" else [])),
        "kind": dice.randrange(6),
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
        "attributes": pairs(dice, dice.randrange(6)),
    }
    if dice.random() < 0.5:
        made["traceState"] = dice.choice(STATES)
    if dice.random() < 0.3:
        made["events"] = [
            {"timeUnixNano": "1", "name": "e", "attributes": pairs(dice, dice.randrange(3))} for _ in range(dice.randint(1, 2))
        ]
    if dice.random() < 0.3:
        made["status"] = {"code": dice.randrange(3), "message": dice.choice(["", "m"])}
    if dice.random() < 0.1:
        made["links"] = [{"traceId": "1" * 32, "spanId": "2" * 16, "attributes": pairs(dice, 1)}]
    if kind == "sanitizers":
        made["attributes"] += [
            {"key": dice.choice(["http.url", "a"]), "value": {"stringValue": dice.choice(URLS)}},
            {"key": dice.choice(["db.statement", "b"]), "value": {"stringValue": dice.choice(STATEMENTS)}},
            {
                "key": dice.choice(["db.system", "db.system.name"]),
                "value": {"stringValue": dice.choice(SYSTEMS)},
            },
        ]
        if dice.random() < 0.3:
            made["name"] = dice.choice(STATEMENTS)
    return made


def spans(dice: Random, kind: str) -> dict:
    resources = []
    for _ in range(dice.randint(1, 2)):
        attributes = pairs(dice, dice.randrange(4), keys=[*KEYS, "service.name"])
        if dice.random() < 0.7:
            attributes.append({"key": "service.name", "value": {"stringValue": dice.choice(["shop", "cart"])}})
        scopes = []
        for _ in range(dice.randint(1, 2)):
            scope = {"name": dice.choice(["", "lib", "other"]), "version": dice.choice(["", "1.0"]), "attributes": pairs(dice, dice.randrange(2))}
            scopes.append({"scope": scope, "spans": [one_span(dice, kind) for _ in range(dice.randint(1, 4))]})
        resources.append({"resource": {"attributes": attributes}, "scopeSpans": scopes, "schemaUrl": dice.choice(["", "https://s"])})
    return {"resourceSpans": resources}
