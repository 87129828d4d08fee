"""What processors cost: medians, a table, and a verdict."""

from statistics import median

import report

# Microseconds of CPU that Spanway may take for a span that it edits, by spans a request.
HARD_LIMIT_US = {512: 0.8}
# The share of the spans that the sampler keeps, and how far a run may be from it: a run has a million spans and more.
KEPT, TOLERANCE = 0.5, 0.01


def summary(runs: list[dict]) -> dict:
    """Medians, as of runs without edits; what does not arrive was sampled out."""
    kept = [run["spans_distinct"] / max(run["spans_acknowledged"], 1) for run in runs]
    return report.summary(runs) | {"kept": median(kept), "kept_range": [min(kept), max(kept)]}


def markdown(cases: dict) -> list[str]:
    if not cases:
        return []
    lines = ["# Spans edited", ""]
    lines += ["An attribute deleted, one hashed, a resource attribute written, half of the spans sampled out.", ""]
    lines += ["| load | gateway | CPU us/span (min-max) | of the Collector's | spans/s | peak RSS MiB | kept |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for case, peers in cases.items():
        base = peers.get("collector", {}).get("cpu_us_per_span")
        for name, row in peers.items():
            low, high = row["cpu_us_range"]
            share = f"{row['cpu_us_per_span'] / base:.2f}" if base else ""
            lines.append(
                f"| {case} | {name} | **{row['cpu_us_per_span']:.2f}** ({low:.2f}-{high:.2f}) | {share} "
                f"| {row['spans_per_second']:,.0f} | {row['peak_rss_mib']:.0f} | {row['kept']:.4f} |"
            )
    return [*lines, ""]


def unequal(cases: dict) -> list[str]:
    """Where Spanway kept another share than it was told to."""
    found = []
    for case, peers in cases.items():
        ours = peers.get("spanway")
        if ours and any(abs(kept - KEPT) > TOLERANCE for kept in ours["kept_range"]):
            found.append(f"{case}: {ours['kept_range']} of the spans were kept, not {KEPT}")
    return found


def broken_limits(cases: dict) -> list[str]:
    broken = []
    for case, peers in cases.items():
        ours, theirs = peers.get("spanway"), peers.get("collector")
        if ours is None:
            continue
        cpu = ours["cpu_us_per_span"]
        limit = HARD_LIMIT_US.get(ours["spans_per_request"])
        if limit and cpu > limit:
            broken.append(f"{case}: {cpu:.2f} us of CPU a span, more than {limit}")
        if theirs and cpu > theirs["cpu_us_per_span"] * report.HARD_SHARE:
            broken.append(f"{case}: {cpu:.2f} us of CPU a span, more than a fifth of {theirs['cpu_us_per_span']:.2f}")
    return broken
