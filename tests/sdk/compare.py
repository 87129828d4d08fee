"""What stands between the spans that were exported and those that arrived, all in normal form."""


def identity(span):
    return span["trace_id"], span["span_id"]


def differences(exported, arrived):
    """What stands between exported and arrived, in a few sentences; nothing when they are the same."""
    if not exported:
        return ["the sender exported nothing"]
    wanted = {identity(span): span for span in exported}
    missing = wanted.keys() - arrived.keys()
    foreign = arrived.keys() - wanted.keys()
    repeated = [one for one, copies in arrived.items() if len(copies) > 1]
    faults = []
    if missing:
        faults.append(f"{len(missing)} of {len(wanted)} spans did not arrive, such as {min(missing)}")
    if foreign:
        faults.append(f"{len(foreign)} spans arrived that nobody sent, such as {min(foreign)}")
    if repeated:
        faults.append(f"{len(repeated)} spans arrived more than once, such as {repeated[0]}")
    changed = [
        (one, change)
        for one, span in wanted.items()
        for copy in arrived.get(one, [])
        if (change := first_change(span, copy))
    ]
    if changed:
        faults.append(f"{len(changed)} spans have changed, such as {changed[0][0]}: {changed[0][1]}")
    return faults


def first_change(wanted, got, place=""):
    """The first field that differs, by its path. Fields that the sender does not speak of are not compared."""
    if not (isinstance(wanted, dict) and isinstance(got, dict)):
        return None if got == wanted else f"{place} is {str(got)[:500]} instead of {str(wanted)[:500]}"
    if place and wanted.keys() != got.keys():
        return f"{place} has the keys {sorted(got)} instead of {sorted(wanted)}"
    changes = (first_change(value, got.get(key), f"{place}.{key}".lstrip(".")) for key, value in wanted.items())
    return next(filter(None, changes), None)
