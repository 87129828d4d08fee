"""One form for the OTLP/JSON of two writers, and what differs in it."""

import math


def normal(value):
    """Without what holds its default, and 64-bit numbers as text; the value of an attribute keeps its type."""
    if isinstance(value, list):
        return [normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        if key in ("intValue", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano"):
            item = str(item)
        elif key == "doubleValue" and not isinstance(item, str):
            item = float(item)
        item = normal(item)
        if is_default(key, item):
            continue
        result[key] = item
    return result


def is_default(key: str, item) -> bool:
    if key in ("stringValue", "intValue", "boolValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue"):
        return False
    if key.endswith("Id") and isinstance(item, str):
        return not item.strip("0")
    return item in (None, "", 0, "0", False) or item == [] or item == {}


def in_order(value):
    """The entries of every map by their keys, for those that come in any order; of equal keys the first stays first."""
    if isinstance(value, list):
        return [in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: in_order(item) for key, item in value.items()}
    if "kvlistValue" in result and "values" in result["kvlistValue"]:
        result["kvlistValue"]["values"].sort(key=lambda entry: entry.get("key", ""))
    if isinstance(result.get("attributes"), list):
        result["attributes"].sort(key=lambda entry: entry.get("key", ""))
    return result


def difference(left, right, place: str = "") -> str:
    """The first place where they differ, and how; empty when they are the same."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if found := difference(left.get(key), right.get(key), f"{place}.{key}"):
                return found
        return ""
    if isinstance(left, list) and isinstance(right, list):
        for number, (one, other) in enumerate(zip(left, right)):
            if found := difference(one, other, f"{place}[{number}]"):
                return found
        if len(left) != len(right):
            return f"{place}: the Collector has {len(left)}, Spanway {len(right)}: {left} / {right}"
        return ""
    if isinstance(left, float) and isinstance(right, float) and math.isclose(left, right, rel_tol=1e-15):
        # Two libraries may round a logarithm to neighbours.
        return ""
    return "" if left == right else f"{place}: the Collector has {left!r}, Spanway {right!r}"
