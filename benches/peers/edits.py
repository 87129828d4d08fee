"""What processors cost: the processors, medians, a table, and a verdict."""

from dataclasses import dataclass
from statistics import median

import report
from peers import Edits

PARTS = ("edits", "ottl")


@dataclass(frozen=True)
class Case:
    """Processors between, and what is asked of them.

    `kept` is the share of the spans that they let through, and `tolerance` how far a run may be from it. `limits_us` has
    the microseconds of CPU that Spanway may take for a span, by spans a request. With `limited_alone` other sizes are not
    measured.
    """

    part: str
    what: str
    edits: Edits
    kept: float
    tolerance: float
    limits_us: dict[int, float]
    limited_alone: bool = False


# What stands in the middle of many pipelines: one attribute goes, one is hashed, the resource gets one, half the spans stay.
EDITED = """\
  attributes:
    actions:
      - key: url.query
        action: delete
      - key: user_agent.original
        action: hash
  resource:
    attributes:
      - key: deployment.environment.name
        value: staging
        action: upsert
  probabilistic_sampler:
    sampling_percentage: 50
"""

# By an attribute 10 of the 512 spans of a request match, by their name 42, by their duration 6; 57 in all.
FILTER = """\
  filter:
    error_mode: ignore
    trace_conditions:
      - span.attributes["http.response.status_code"] == 500
      - IsMatch(span.name, "^PUT /api/rec.*s$$")
      - span.end_time - span.start_time > Duration("5ms")
"""

TRANSFORM = """\
  transform:
    error_mode: ignore
    trace_statements:
      - set(span.attributes["deployment.environment.name"], "staging")
      - replace_pattern(span.attributes["url.path"], "/[0-9]+$$", "/{id}")
      - delete_key(span.attributes, "url.query")
      - set(span.status.message, "server error") where span.attributes["http.response.status_code"] >= 500
"""

CASES = {
    "edited, half of them kept": Case(
        part="edits",
        what="An attribute deleted, one hashed, a resource attribute written, half of the spans sampled out.",
        edits=Edits(EDITED, ("attributes", "resource", "probabilistic_sampler")),
        # A run has a million spans and more.
        kept=0.5,
        tolerance=0.01,
        limits_us={512: 0.8},
    ),
    "filter": Case(
        part="ottl",
        what="Three conditions: an attribute, a regular expression on the name, the duration.",
        edits=Edits(FILTER, ("filter",)),
        kept=1 - 57 / 512,
        tolerance=0.001,
        limits_us={512: 0.8},
        limited_alone=True,
    ),
    "transform": Case(
        part="ottl",
        what="Four statements: an attribute set, one rewritten by a regular expression, one deleted, the status of some.",
        edits=Edits(TRANSFORM, ("transform",)),
        kept=1.0,
        tolerance=0.0,
        limits_us={512: 1.2},
        limited_alone=True,
    ),
}


def summary(runs: list[dict]) -> dict:
    """Medians, as of runs without edits; what does not arrive was left out by a processor."""
    kept = [run["spans_distinct"] / max(run["spans_acknowledged"], 1) for run in runs]
    return report.summary(runs) | {"kept": median(kept), "kept_range": [min(kept), max(kept)]}


def markdown(measured: dict) -> list[str]:
    if not measured:
        return []
    lines = ["# Spans edited", ""]
    shown = {row["case"] for peers in measured.values() for row in peers.values()}
    lines += [f"- {name}: {case.what}" for name, case in CASES.items() if name in shown]
    lines += ["", "| load | gateway | CPU us/span (min-max) | of the Collector's | spans/s | peak RSS MiB | kept |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for title, peers in measured.items():
        base = peers.get("collector", {}).get("cpu_us_per_span")
        for name, row in peers.items():
            low, high = row["cpu_us_range"]
            share = f"{row['cpu_us_per_span'] / base:.2f}" if base else ""
            lines.append(
                f"| {title} | {name} | **{row['cpu_us_per_span']:.2f}** ({low:.2f}-{high:.2f}) | {share} "
                f"| {row['spans_per_second']:,.0f} | {row['peak_rss_mib']:.0f} | {row['kept']:.4f} |"
            )
    return [*lines, ""]


def unequal(measured: dict) -> list[str]:
    """Where Spanway kept another share than it was told to."""
    found = []
    for title, peers in measured.items():
        ours = peers.get("spanway")
        case = CASES[ours["case"]] if ours else None
        if ours and any(abs(kept - case.kept) > case.tolerance for kept in ours["kept_range"]):
            found.append(f"{title}: {ours['kept_range']} of the spans were kept, not {case.kept:.4f}")
    return found


def broken_limits(measured: dict) -> list[str]:
    broken = []
    for title, peers in measured.items():
        ours, theirs = peers.get("spanway"), peers.get("collector")
        if ours is None:
            continue
        cpu = ours["cpu_us_per_span"]
        limit = CASES[ours["case"]].limits_us.get(ours["spans_per_request"])
        if limit and cpu > limit:
            broken.append(f"{title}: {cpu:.2f} us of CPU a span, more than {limit}")
        if theirs and cpu > theirs["cpu_us_per_span"] * report.HARD_SHARE:
            broken.append(f"{title}: {cpu:.2f} us of CPU a span, more than a fifth of {theirs['cpu_us_per_span']:.2f}")
    return broken
