"""The paths, editors and converters of OTTL, with the types of what they take and give.

A type is the name of a kind of value (`str`, `int`, `map`, …; `like`, `intlike`, … take several kinds), the name of an
attribute that holds texts of one kind (`json`, `url`, …: keys of ottl_spans.TEXTS), or a list of literals to choose from.
What depends on chance or on the clock is left out: UUID, UUIDv7, Now.
"""

from ottl_spans import CONVENTIONS, TEXTS

# What stands above what: a context sees itself and all before it.
CONTEXTS = ("resource", "scope", "span", "spanevent")

PATHS = {
    "resource": {"map": ["attributes"], "int": ["dropped_attributes_count"], "str": ["schema_url"]},
    "scope": {"map": ["attributes"], "int": ["dropped_attributes_count"], "str": ["name", "version", "schema_url"]},
    "span": {
        "map": ["attributes"],
        "int": [
            "kind", "start_time_unix_nano", "end_time_unix_nano", "dropped_attributes_count", "dropped_events_count", "dropped_links_count",
            "status.code", "flags",
        ],
        "str": [
            "name", "trace_state", 'trace_state["foo"]', 'trace_state["a"]', "trace_id.string", "span_id.string", "parent_span_id.string", "kind.string",
            "kind.deprecated_string", "status.message",
        ],
        "time": ["start_time", "end_time"],
        "traceid": ["trace_id"],
        "spanid": ["span_id", "parent_span_id"],
        "events": ["events"],
        "links": ["links"],
        "status": ["status"],
    },
    "spanevent": {
        "map": ["attributes"],
        "int": ["time_unix_nano", "dropped_attributes_count", "event_index"],
        "str": ["name"],
        "time": ["time"],
    },
}
ENUMS = [
    *(f"SPAN_KIND_{kind}" for kind in ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")),
    *(f"STATUS_CODE_{code}" for code in ("UNSET", "OK", "ERROR")),
]
# The attributes by the type that they mostly have, for any map of attributes.
KEYS = {
    "str": ["s", "t", "s", "t", *TEXTS],
    "int": ["i", "n", "i", "n"],
    "float": ["d"],
    "bool": ["b"],
    "bytes": ["y"],
    "map": ["m"],
    "list": ["l"],
    "any": ["s", "t", "i", "n", "d", "b", "y", "m", "l", "e", "x", "gone"],
}
# Keys behind those of `m` and `l`.
DEEPER = {
    "str": ['["m"]["s"]', '["l"][0]', '["m"]["m"]["s"]'],
    "int": ['["m"]["i"]', '["l"][1]'],
    "any": ['["m"]["x"]', '["m"]["l"][0]', '["l"][0]["v"]', '["m"]["a.b"]'],
    "map": ['["m"]["m"]', '["l"][0]'],
    "list": ['["m"]["l"]'],
}


def texts(*some: str) -> list[str]:
    return [f'"{one}"' for one in some]


PATTERNS = texts(
    "a", "e", "^a", "[a-e]+", "\\\\w+", "\\\\d+", "^(\\\\w+) (.*)$", "(?P<first>\\\\w)(?P<rest>\\\\w*)", "x|y", "(?i)HELLO", "\\\\s", "", ".", "é", "secret", "^$", "\\\\bx\\\\b",
    "[^a-z]", "^(s|t|m)$", "o", "/", "(a)(b)?", "(?s).+", "\\\\.",
)
GLOBS = texts("*", "*", "a*", "*o*", "*e*", "?*", "GET *", "{x,world}", "[a-z]*", "/users/*", "é*", "[!a]*", "hello world", "**")
REPLACEMENTS = texts("", "-", "$1", "${1}x", "$$", "$first", "<$0>", "${rest}", "é", "$1$2", "***", "%s")
HASHING = ["SHA256", "SHA1", "MD5", "SHA512", "ToUpperCase", "ToLowerCase", "ToCamelCase", "ToSnakeCase", "FNV", "Murmur3Hash", "XXH3", "XXH128", "Murmur3Hash128"]
FORMATS = texts("%s", "<%s>", "<%s>", "_%s", "%s-%s", "none", "%d")
LAYOUTS = texts("%Y-%m-%d %H:%M:%S", "%F %T", "%Y-%m-%dT%H:%M:%S%z", "%d/%b/%Y:%H:%M:%S", "%A %e %B %y %I:%M %p", "%j %k %i %w", "%H:%M:%S.%L", "%s.%f", "%D %R %r", "%c", "%%%n%t")
PARSE_LAYOUTS = texts("%Y-%m-%d %H:%M:%S", "%F %T", "%Y-%m-%d %H:%M:%S.%L", "%Y-%m-%d")
NUMBERS = ["0", "1", "1", "2", "3", "7"]
ENCODINGS = texts("base64", "base64-raw", "base64-url", "base64-raw-url", "utf-8", "us-ascii", "utf-16", "iso-8859-1")
TRUTH = ["true", "false"]
WITH_FUNCTION = {"function": HASHING, "replacement_format": FORMATS}

# Editors: what they take in order, and what may be named behind that. `=type` is a path to write such a value to.
EDITORS = {
    "append": (["=list"], {"value": "any", "values": ["[1, 2]", '["x", span.name]', "[]", '[nil, 1.5, true]']}),
    "clear": (["=any"], {}),
    "delete_index": (["=list", ["0", "0", "1", "2"]], {"end_index": NUMBERS}),
    "delete_key": (["=map", "key"], {}),
    "delete_matching_keys": (["=map", PATTERNS], {}),
    "flatten": (["=map"], {"prefix": texts("p", "", "a.b"), "depth": ["1", "2", "3", "9"], "resolve_conflicts": TRUTH}),
    "keep_keys": (["=map", ['["s", "i", "m"]', '["m"]', "[]", '["x", "s", "s"]', '["l", "json", "url", "d", "e"]']], {}),
    "keep_matching_keys": (["=map", PATTERNS], {}),
    "limit": (["=map", ["0", "1", "2", "3"], ["[]"]], {}),
    "merge_maps": (["=map", "map", texts("insert", "update", "upsert")], {}),
    "replace_all_matches": (["=map", GLOBS, REPLACEMENTS], WITH_FUNCTION),
    "replace_all_patterns": (["=map", texts("key", "value"), PATTERNS, REPLACEMENTS], WITH_FUNCTION),
    "replace_match": (["=str", GLOBS, REPLACEMENTS], WITH_FUNCTION),
    "replace_pattern": (["=str", PATTERNS, REPLACEMENTS], WITH_FUNCTION),
    "set_semconv_span_name": ([texts("1.37.0", "1.38.0", "1.40.0", "1.43.0")], {"original_span_name_attribute": texts("old.name", "s")}),
    "stringify_all": (["=map"], {}),
    "truncate_all": (["=map", [*NUMBERS, "20"]], {"utf8_safe": TRUTH, "truncation_marker": texts("", "~")}),
}

# Converters: what they give, what they take in order, and what may be named behind that.
CONVERTERS = {
    "Base64Encode": ("str", ["str"], {"variant": texts("base64", "base64-raw", "base64-url", "base64-raw-url")}),
    "Bool": ("bool", ["boollike"], {}),
    "Coalesce": ("any", [("any", "any")], {}),
    "CommunityID": ("str", ["ip", ["80", "0", "65535"], "ip", ["443", "1"]], {"protocol": texts("TCP", "UDP", "ICMP", "SCTP"), "seed": NUMBERS}),
    "Concat": ("str", [("like", "like", "like"), texts("", ", ", "-")], {}),
    "ContainsValue": ("bool", ["list", "any"], {}),
    "ConvertAttributesToElementsXML": ("str", ["xml"], {"x_path": texts("/r", "//x", "//@y")}),
    "ConvertCase": ("str", ["str", texts("lower", "upper", "snake", "camel")], {}),
    "ConvertTextToElementsXML": ("str", ["xml"], {"x_path": texts("/a", "//b"), "element_name": texts("v")}),
    "Day": ("int", ["time"], {}),
    "Decode": ("str", ["b64", ENCODINGS], {}),
    "Double": ("float", ["floatlike"], {}),
    "Duration": ("duration", ["span_of_time"], {}),
    "ExtractGrokPatterns": (
        "map",
        ["log", texts("%{COMMONAPACHELOG}", "%{WORD:w}=%{WORD:v}", "%{INT:n:int} %{GREEDYDATA:rest}", "%{IP:ip} (?P<x>.*)")],
        {"named_captures_only": TRUTH, "pattern_definitions": ['["MINE=[a-z]+"]']},
    ),
    "ExtractPatterns": ("map", ["str", texts("(?P<first>\\\\w+)", "^(?P<a>.)(?P<b>.)?", "(?P<n>\\\\d+)")], {}),
    "FNV": ("int", ["str"], {}),
    "Format": ("str", [texts("%s", "%v|%5.2f", "%05d %x %q", "%t %T", "%[2]v %[1]v", "%+d %e %g %%", "%-8s|%8s|"), ("scalar", "scalar")], {}),
    "FormatTime": ("str", ["time", LAYOUTS], {}),
    "GetXML": ("str", ["xml", texts("/a/b", "//b", "/r/@id", "//x/text()")], {}),
    "HasPrefix": ("bool", ["str", texts("", "h", "GET", "x", "é")], {}),
    "HasSuffix": ("bool", ["str", texts("", "d", "123", "x", "é")], {}),
    "Hex": ("str", ["byteslike"], {}),
    "Hour": ("int", ["time"], {}),
    "Hours": ("float", ["duration"], {}),
    "Index": ("int", ["list", "any"], {}),
    "InsertXML": ("str", ["xml", texts("/a", "//x"), texts("<n>1</n>", "<n/>")], {}),
    "Int": ("int", ["intlike"], {}),
    "IsBool": ("bool", ["read"], {}),
    "IsDouble": ("bool", ["read"], {}),
    "IsEmpty": ("bool", ["any"], {}),
    "IsInCIDR": ("bool", ["ip", ['["10.0.0.0/8", "2001:db8::/32"]', '["0.0.0.0/0"]', '["192.168.0.0/16"]']], {}),
    "IsInt": ("bool", ["read"], {}),
    "IsList": ("bool", ["any"], {}),
    "IsMap": ("bool", ["read"], {}),
    "IsMatch": ("bool", ["like", PATTERNS], {}),
    "IsRootSpan": ("bool", [], {}),
    "IsString": ("bool", ["read"], {}),
    "IsValidLuhn": ("bool", ["luhn"], {}),
    "Keys": ("list", ["map"], {}),
    "Len": ("int", ["measured"], {}),
    "Log": ("float", ["floatlike"], {}),
    "MD5": ("str", ["str"], {}),
    "Microseconds": ("int", ["duration"], {}),
    "Milliseconds": ("int", ["duration"], {}),
    "Minute": ("int", ["time"], {}),
    "Minutes": ("float", ["duration"], {}),
    "Month": ("int", ["time"], {}),
    "Murmur3Hash": ("str", ["str"], {}),
    "Murmur3Hash128": ("str", ["str"], {}),
    "Nanosecond": ("int", ["time"], {}),
    "Nanoseconds": ("int", ["duration"], {}),
    "ParseCSV": (
        "map",
        ["csv", texts("a,b,c", "a", "x,y,z")],
        {"delimiter": texts(",", ";", "\\t"), "header_delimiter": texts(","), "mode": texts("strict", "lazyQuotes", "ignoreQuotes")},
    ),
    "ParseInt": ("int", ["num", ["0", "2", "8", "10", "16", "36"]], {}),
    "ParseJSON": ("map", ["json"], {}),
    "ParseKeyValue": ("map", ["kv"], {"delimiter": texts("=", ":"), "pair_delimiter": texts(" ", ",")}),
    "ParseSimplifiedXML": ("map", ["xml"], {}),
    "ParseXML": ("map", ["xml"], {}),
    "RemoveXML": ("str", ["xml", texts("/a/b", "//@y", "//x", "//text()")], {}),
    "Second": ("int", ["time"], {}),
    "Seconds": ("float", ["duration"], {}),
    "SHA1": ("str", ["str"], {}),
    "SHA256": ("str", ["str"], {}),
    "SHA512": ("str", ["str"], {}),
    "SliceToMap": ("map", ["list"], {"key_path": ['["k"]', '["m", "s"]'], "value_path": ['["v"]', '["m"]']}),
    "Sort": ("list", ["list"], {"order": texts("asc", "desc")}),
    "SpanID": ("spanid", ["hex"], {}),
    "Split": ("list", ["str", texts(",", " ", "", "X", "ab")], {}),
    "String": ("str", ["like"], {}),
    "Substring": ("str", ["str", NUMBERS[:3], NUMBERS[1:4]], {"utf8_safe": TRUTH}),
    "Time": ("time", ["when", PARSE_LAYOUTS], {"location": texts("Europe/Berlin", "America/New_York", "UTC")}),
    "ToCamelCase": ("str", ["str"], {}),
    "ToKeyValueString": ("str", ["map"], {"delimiter": texts("=", ":"), "pair_delimiter": texts(" ", ","), "sort_output": TRUTH}),
    "ToLowerCase": ("str", ["str"], {}),
    "ToSnakeCase": ("str", ["str"], {}),
    "ToUpperCase": ("str", ["str"], {}),
    "TraceID": ("traceid", ["hex"], {}),
    "Trim": ("str", ["str"], {"replacement": texts(" ", "ab", "x", "é")}),
    "TrimPrefix": ("str", ["str", texts("h", "GET ", "x", "")], {}),
    "TrimSuffix": ("str", ["str", texts("d", "123", "x", "")], {}),
    "TruncateTime": ("time", ["time", "duration"], {}),
    "Unix": ("time", ["int"], {"nanoseconds": "int"}),
    "UnixMicro": ("int", ["time"], {}),
    "UnixMilli": ("int", ["time"], {}),
    "UnixNano": ("int", ["time"], {}),
    "UnixSeconds": ("int", ["time"], {}),
    "URL": ("map", ["url"], {}),
    "UserAgent": ("map", ["ua"], {}),
    "Values": ("list", ["map"], {}),
    "Weekday": ("int", ["time"], {}),
    "XXH128": ("str", ["str"], {}),
    "XXH3": ("str", ["str"], {}),
    "Year": ("int", ["time"], {}),
}
# Whose maps the Collector gives in another order each time.
DISORDERLY = (
    "ExtractGrokPatterns(", "ExtractPatterns(", "ParseCSV(", "ParseJSON(", "ParseKeyValue(", "ParseSimplifiedXML(", "ParseXML(", "SliceToMap(", "URL(",
    "UserAgent(", "append(", "{",
)
# Keys that conventions for the names of spans read; statements set some of them, so that names change.
NAMING = [f'"{key}"' for key in CONVENTIONS]
