"""Random spans whose attributes have names and types that the statements of ottl.py know, and all that spans may hold."""

from random import Random

# The texts that an attribute of a name holds, for functions that take such a text.
TEXTS = {
    "s": ["", "x", "hello world", "Hello, World", "GET /users/123", "é☃𝄞", " padded  ", "a,b,c", "aXbXc", "some_name here", "HTTPServer2xx", "true", "-7"],
    "t": ["x", "world", "/users/", "snake_case_text", "CamelCaseText", "ÀÉÎ straße", "tab\tand\nline", 'quote "q" \\', "secret secret", "<a&b>"],
    "num": ["42", "-7", "+5", "1.5", "0x1F", "010", "ff", "1e3", " 5", "", "9223372036854775807", "9223372036854775808", "NaN", "z", "1_000", "true", "0"],
    "json": [
        '{"a":1,"b":"x","c":[1,2.5,null,true],"d":{"e":"f"}}', '{"s":"v","n":-0.5}', "[1,2,3]", '[{"k":"a","v":1},{"k":"b","v":2}]', "{}", "[]", "null",
        '"text"', "7", "{bad", '{"a":1} x', '{"é":"\\u00e9","big":12345678901234567890}', '{"a":1,"a":2}',
    ],
    "kv": ["a=1 b=2", "a=1", "k='x y' l=\"z\"", "a=b=c d=e", " a=1  b=2 ", "novalue", "a= b=2", "é=☃ a=\"un", "a=1,b=2", "x:1 y:2", ""],
    "csv": ["1,2,3", 'a,"b,c",d', "x;y;z", "only", "", 'a,b"c,d', " p , q , r ", "1,2,3\n4,5,6"],
    "url": [
        "https://user:pw@example.com:8080/a/b.html?x=1&y=2#top", "http://example.com", "/path/only.tar.gz", "?a=1&a=2&b=", "//host/p", "mailto:x@y", "::bad",
        "", "https://ex.com/%41%20b?q=%41", "http://[::1]:80/",
    ],
    "ua": [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "curl/7.81.0", "",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Googlebot/2.1 (+http://www.google.com/bot.html)",
    ],
    "when": ["2024-02-29 23:59:58", "2024-12-31 00:00:00", "2023-01-02 03:04:05.678", "1999-13-01 00:00:00", "not a time", "2024-02-30 10:00:00", ""],
    "span_of_time": ["1h30m", "1.5s", "250ms", "-3m", "100us", "0", "1d", "", "2562047h47m16.854775807s", "3ns"],
    "hex": ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00", "", "xyz", "FFFFFFFFFFFFFFFF", "12345678"],
    "b64": ["aGVsbG8=", "aGVsbG8", "_-8=", "", "a b", "w6k=", "/+8="],
    "ip": ["10.1.2.3", "192.168.0.1", "::1", "2001:db8::5", "::ffff:10.0.0.1", "300.1.1.1", "host", ""],
    "xml": ["<a><b>1</b><b>2</b></a>", '<r id="1"><x y="2">t</x></r>', "<a>text<b/>more</a>", "<a><![CDATA[c]]></a>", "<open>", "", "<a:b xmlns:a='u'>n</a:b>"],
    "luhn": ["4111 1111 1111 1111", "4111111111111112", "79927398713", "", "12a"],
    "log": ["127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /i.html HTTP/1.0\" 200 2326", "level=info user=12 ok", "2024-01-02T03:04:05Z ERROR x failed", "no"],
    "key": ["s", "i", "m", "l", "gone", "e", "a.b"],
}
INTS = [0, 1, 2, -1, 5, 42, 200, 404, 443, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
DOUBLES = [0.0, 1.0, 1.5, -2.5, 200.0, 1e21, 1e-7, 123456789.125, 1e300, -0.0]
BYTES = ["", "AP8=", "eA==", "SGVsbG8=", "AAAAAAAAAAE=", "CvdlGRbNQ92ESOshHIAxnA=="]
STATES = ["", "foo=bar", "a=1,b=2", "ot=th:8", "bad", "a=b,,c=d", " a = b ", "k@v=x,z=1", ",".join(f"k{n}=v" for n in range(32))]
TIMES = [0, 1, 1_700_000_000_000_000_000, 1_709_251_199_123_456_789, 1_735_689_599_999_999_999, 946_684_800_000_000_000, 2**63 - 1, 2**64 - 1]
# What names spans by semantic conventions.
CONVENTIONS = {
    "http.request.method": "GET", "http.method": "POST", "http.route": "/u/:id", "url.template": "/u/{id}", "rpc.system": "grpc", "rpc.system.name": "grpc",
    "rpc.service": "S", "rpc.method": "M", "rpc.grpc.method": "GM", "db.system": "redis", "db.system.name": "postgresql", "db.query.summary": "SELECT t",
    "db.operation.name": "SELECT", "db.namespace": "ns", "db.name": "n", "db.collection.name": "c", "db.stored_procedure.name": "p",
    "server.address": "h", "server.port": 80, "messaging.system": "kafka", "messaging.operation": "publish", "messaging.operation.name": "send",
    "messaging.destination.name": "topic", "messaging.destination.temporary": True, "messaging.destination.anonymous": False,
    "messaging.destination.template": "t-{x}", "messaging.destination": "old",
}


def text(one: str) -> dict:
    return {"stringValue": one}


def anything(dice: Random, depth: int = 0) -> dict:
    """A value of any type, as deep as three levels."""
    kind = dice.randrange(9 if depth < 3 else 6)
    if kind <= 1:
        return text(dice.choice(TEXTS[dice.choice("st")]))
    if kind == 2:
        return {"intValue": str(dice.choice(INTS))}
    if kind == 3:
        return {"doubleValue": dice.choice(DOUBLES)}
    if kind == 4:
        return {"boolValue": dice.random() < 0.5}
    if kind == 5:
        return {} if dice.random() < 0.4 else {"bytesValue": dice.choice(BYTES)}
    if kind <= 7:
        return a_list(dice, depth + 1)
    return a_map(dice, depth + 1)


def a_list(dice: Random, depth: int) -> dict:
    """Often of one type, so that it can be sorted and searched."""
    count, kind = dice.randrange(5), dice.randrange(5)
    if kind == 0:
        values = [text(dice.choice(TEXTS["s"])) for _ in range(count)]
    elif kind == 1:
        values = [{"intValue": str(dice.choice(INTS))} for _ in range(count)]
    elif kind == 2:
        values = [{"doubleValue": dice.choice(DOUBLES)} for _ in range(count)]
    elif kind == 3 and depth < 3:
        pairs = lambda: [("k", text(dice.choice("abc"))), ("v", anything(dice, 3)), ("m", a_map(dice, 3))]
        values = [{"kvlistValue": {"values": [{"key": key, "value": value} for key, value in pairs()]}} for _ in range(count)]
    else:
        values = [anything(dice, depth + 1) for _ in range(count)]
    return {"arrayValue": {"values": values}}


def a_map(dice: Random, depth: int) -> dict:
    made = {"s": lambda: text(dice.choice(TEXTS["s"])), "i": lambda: {"intValue": str(dice.choice(INTS))}, "e": dict, "a.b": lambda: anything(dice, 3)}
    if depth < 3:
        made |= {"m": lambda: a_map(dice, depth + 1), "l": lambda: a_list(dice, depth + 1), "x": lambda: anything(dice, depth + 1)}
    chosen = [key for key in made if dice.random() < 0.6]
    dice.shuffle(chosen)
    return {"kvlistValue": {"values": [{"key": key, "value": made[key]()} for key in chosen]}}


def attributes(dice: Random, share: float) -> list:
    """Each known attribute with the given chance, mostly of the type that its name tells; sometimes a key twice."""
    makers = {key: lambda pool=pool: text(dice.choice(pool)) for key, pool in TEXTS.items()}
    makers |= {
        "i": lambda: {"intValue": str(dice.choice(INTS))},
        "n": lambda: {"intValue": str(dice.randrange(4))},
        "d": lambda: {"doubleValue": dice.choice(DOUBLES)},
        "b": lambda: {"boolValue": dice.random() < 0.5},
        "y": lambda: {"bytesValue": dice.choice(BYTES)},
        "m": lambda: a_map(dice, 0),
        "l": lambda: a_list(dice, 0),
        "e": dict,
        "x": lambda: anything(dice),
    }
    chosen = [key for key in makers if dice.random() < share]
    dice.shuffle(chosen)
    found = [{"key": key, "value": anything(dice) if dice.random() < 0.08 else makers[key]()} for key in chosen]
    if found and dice.random() < 0.05:
        found.append({"key": dice.choice(found)["key"], "value": anything(dice)})
    if dice.random() < 0.05:
        found.append({"key": "", "value": anything(dice)})
    return found


def conventions(dice: Random) -> list:
    chosen = [key for key in CONVENTIONS if dice.random() < 0.3]
    values = {str: text, int: lambda one: {"intValue": str(one)}, bool: lambda one: {"boolValue": one}}
    return [{"key": key, "value": values[type(CONVENTIONS[key])](CONVENTIONS[key])} for key in chosen]


def count(dice: Random) -> int:
    return dice.choice([0, 0, 0, 1, 7, 2**32 - 1])


def event(dice: Random) -> dict:
    return {
        "timeUnixNano": str(dice.choice(TIMES)),
        "name": dice.choice(["", "exception", "retry", "é", "log"]),
        "attributes": attributes(dice, 0.6),
        "droppedAttributesCount": count(dice),
    }


def link(dice: Random) -> dict:
    return {
        "traceId": f"{dice.getrandbits(128):032x}",
        "spanId": f"{dice.getrandbits(64):016x}",
        "traceState": dice.choice(STATES[:3]),
        "attributes": attributes(dice, 0.05),
        "flags": dice.choice([0, 257]),
    }


def span(dice: Random) -> dict:
    start = dice.choice(TIMES)
    end = dice.choice([start, start + 1, start + 1_500_000_000, start + 3_723_000_000_000, max(start - 5, 0), dice.choice(TIMES)])
    made = {
        "traceId": dice.choice(["0" * 32, "0af7651916cd43dd8448eb211c80319c", *[f"{dice.getrandbits(128):032x}"] * 6]),
        "spanId": dice.choice(["0" * 16, "b7ad6b7169203331", *[f"{dice.getrandbits(64):016x}"] * 6]),
        "parentSpanId": dice.choice(["", "b7ad6b7169203331"]),
        "name": dice.choice(["", "GET /users/123", "health", "SELECT * FROM t", "é", "a b c 7"]),
        "kind": dice.choice([0, 1, 2, 3, 4, 5, 2, 3, 9]),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(min(end, 2**64 - 1)),
        "attributes": attributes(dice, 0.85) + (conventions(dice) if dice.random() < 0.3 else []),
        "traceState": dice.choice(STATES),
        "droppedAttributesCount": count(dice),
        "droppedEventsCount": count(dice),
        "droppedLinksCount": count(dice),
        "flags": dice.choice([0, 1, 257, 2**32 - 1]),
        "events": [event(dice) for _ in range(dice.choice([0, 1, 1, 2, 3]))],
        "links": [link(dice) for _ in range(dice.choice([0, 0, 0, 1, 2]))],
    }
    if dice.random() < 0.7:
        made["status"] = {"code": dice.choice([0, 1, 2, 2, 7]), "message": dice.choice(["", "x", "deadline exceeded"])}
    return made


def scope(dice: Random, least: int) -> dict:
    return {
        "scope": {
            "name": dice.choice(["", "lib", "other"]),
            "version": dice.choice(["", "1.0"]),
            "attributes": attributes(dice, 0.6),
            "droppedAttributesCount": count(dice),
        },
        "schemaUrl": dice.choice(["", "https://s/1"]),
        "spans": [span(dice) for _ in range(max(least, dice.choice([0, 1, 1, 2, 2, 3, 4])))],
    }


def request(dice: Random) -> dict:
    """Resources, scopes and spans; a few of the upper ones have nothing below, but never the first."""
    resources = []
    for number in range(dice.choice([1, 1, 2, 3])):
        first = number == 0
        found = attributes(dice, 0.7) + [{"key": "service.name", "value": text(dice.choice(["shop", "cart"]))}]
        resources.append({
            "resource": {"attributes": found, "droppedAttributesCount": count(dice)},
            "schemaUrl": dice.choice(["", "https://s/2"]),
            "scopeSpans": [scope(dice, 3 if first else 0) for _ in range(1 if first else dice.choice([0, 1, 1, 2]))],
        })
    return {"resourceSpans": resources}
