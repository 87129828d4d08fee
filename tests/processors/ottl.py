"""Random configurations of `filter` and `transform`, most of them valid, for the spans of ottl_spans.py."""

import json
import re
from random import Random

import ottl_spans
from ottl_functions import CONTEXTS, DISORDERLY
from ottl_words import Words

KINDS = ("filter", "transform")
MODES = ["ignore", "ignore", "silent", "propagate"]

# What the Collector says where it refuses what Spanway takes: maps within lists, and converters that it takes for enums.
STRICTER = (r"Invalid value type pcommon\.Map", r"does not support the enum symbol \\?\"(FNV|MD5|SHA\d+|XXH\d+)\b")
# Statements of which the Collector's answer is its own: it writes into a map while it reads it, orders maps by chance,
# writes the places of maps in memory, and takes no maps in lists that are written out.
PECULIAR = (
    r"\bmerge_maps\((\S+?)(\[.*\])?, \1(\[.*?\])?, ",
    r"\bmerge_maps\((?:[a-z]+\.)?(attributes|cache)\[.*\], (?:[a-z]+\.)?\1, ",
    r"\bset\((\S+?)\[.*\], .*\1[,)\]]",
    r"\b(Keys|Values)\(.*\[\d+\]",
    r"\b(Sprintf|Format)\(",
    r"\[(?:[^\[\]{}]|\[[^\[\]{}]*\])*\{",
)


def case(kind: str, dice: Random) -> tuple[dict, dict]:
    """The processor and the spans. Each `$` is doubled, as in any configuration."""
    settings = (filter_settings if kind == "filter" else transform_settings)(dice)
    return {kind: json.loads(json.dumps(settings).replace("$", "$$"))}, ottl_spans.request(dice)


def is_disorderly(processors: dict) -> bool:
    """Whether maps come out in an order that depends on chance."""
    return any(name in text for text in texts(processors) for name in DISORDERLY)


def is_meant(processors: dict, expected: dict, ours: dict) -> bool:
    """Whether the Collector's answer may be another one, as docs/ottl.md says or since it does not keep to one itself."""
    if "error" in ours:
        # What propagates there is forgotten when a later condition empties the request.
        return "filter" in processors and "`filter` rejects request" in ours["error"]
    if "error" in expected:
        return any(re.search(reason, expected["error"]) for reason in STRICTER)
    return any(re.search(statement, text) for text in texts(processors) for statement in PECULIAR)


def texts(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for item in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()) for text in texts(item)]


# === configurations ===


def filter_settings(dice: Random) -> dict:
    made = {"error_mode": dice.choice(MODES)} if dice.random() < 0.7 else {}
    form = dice.randrange(4)
    if form == 0:
        known = ("resource", "span", "spanevent")
        made["traces"] = {key: conditions(dice, key, explicit=True) for key in known if dice.random() < 0.6} or {"span": conditions(dice, "span", True)}
    elif form == 1:
        made["trace_conditions"] = [group(dice, False, dice.choice(CONTEXTS)) for _ in range(dice.randint(1, 3))]
    else:
        made["trace_conditions"] = [one for _ in range(dice.randint(1, 3)) for one in conditions(dice, dice.choice(CONTEXTS), False)]
    return made


def transform_settings(dice: Random) -> dict:
    made = {"error_mode": dice.choice(MODES)} if dice.random() < 0.7 else {}
    context = lambda: dice.choice(["resource", "scope", "span", "span", "span", "spanevent"])
    if dice.random() < 0.4:
        made["trace_statements"] = statements(dice, context(), False)
    else:
        made["trace_statements"] = [group(dice, True, context()) for _ in range(dice.randint(1, 3))]
    return made


def group(dice: Random, edits: bool, context: str) -> dict:
    explicit = dice.random() < 0.5
    made = {"context": dice.choice([context, context, context.upper()])} if explicit else {}
    if dice.random() < 0.3:
        made["error_mode"] = dice.choice(MODES)
    if not edits or dice.random() < 0.3:
        made["conditions"] = conditions(dice, context, explicit)
    if edits:
        made["statements"] = statements(dice, context, explicit)
        if dice.random() < 0.15:
            made["shared_cache"] = True
    return made


def conditions(dice: Random, context: str, explicit: bool) -> list[str]:
    words = Words(dice, context, explicit)
    return [located(words.selection, explicit) for _ in range(dice.randint(1, 2))]


def statements(dice: Random, context: str, explicit: bool) -> list[str]:
    words = Words(dice, context, explicit)
    return [located(words.statement, explicit) for _ in range(dice.randint(1, 5))]


def located(make, explicit: bool) -> str:
    """A text with a path, from which the Collector can tell its context."""
    while True:
        made = make()
        if is_tangled(made):
            continue
        if explicit or re.search(r"\b(resource|scope|span|spanevent)\.[a-z]", made):
            return made


def is_tangled(statement: str) -> bool:
    """Whether a map is written into itself: what the Collector makes of that depends on how its memory lies."""
    found = re.match(r"(?:set|merge_maps)\((?:\w+\.)??((?:attributes|cache)\b)(\S*), (.*)", statement)
    if not found:
        return False
    bag, keys, rest = found.groups()
    whole = re.escape(bag + keys) + r"(?!\[)" if "merge_maps" in statement else bag + r"(?!\[)"
    return bool(re.search(rf"\b{whole}", rest))
