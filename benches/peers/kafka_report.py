"""From runs through Kafka to medians, tables and a verdict."""

from statistics import median

import report

# Spans a request whose unkeyed producing is held against the limit, and what is hoped for there: microseconds of CPU
# a span, and the share of the Collector's.
LIMITED_SIZE = 512
GOAL_US, GOAL_SHARE = 1.2, 1 / 10

TOLD = """\
One broker on the same machine, a topic with six partitions. All producers: `acks=all`, idempotent, lz4, batches of 8192
spans or 200 ms, messages of up to 8 MiB. CPU is read when the last span is in the topic. With keys the Collector has a
message for every trace, Spanway one for every partition unless it says *a message a trace*. Consumers export to `nop`;
*marking after* has `message_marking.after: true`, otherwise it is false, as the Collector has it. Their CPU is without
what it takes to start.
"""


def summary(raw: dict) -> dict:
    result = {"produced": {}, "consumed": {}}
    for title, case in raw["produced"].items():
        known = {name: case[name] for name in ("spans_per_request", "keyed")}
        result["produced"][title] = {peer: produced(runs) | known for peer, runs in case["runs"].items()}
    for title, case in raw["consumed"].items():
        known = {name: case[name] for name in ("spans_per_message", "keyed")}
        result["consumed"][title] = {peer: consumed(runs) | known for peer, runs in case["runs"].items()}
    return result


def produced(runs: list[dict]) -> dict:
    more = {name: median(run[name] for run in runs) for name in ("through_per_second", "messages_keyed")}
    return report.summary(runs) | more


def consumed(runs: list[dict]) -> dict:
    numbers = "cpu_us_per_span start_cpu_seconds spans_per_second peak_rss_mib spans"
    cpu = [run["cpu_us_per_span"] for run in runs]
    result = {name: median(run[name] for run in runs) for name in numbers.split()}
    accepted = [run["spans_accepted"] for run in runs]
    return result | {"cpu_us_range": [min(cpu), max(cpu)], "accepted_range": [min(accepted), max(accepted)]}


def markdown(measured: dict) -> list[str]:
    if not measured["produced"]:
        return []
    lines = ["# Through Kafka", "", *TOLD.splitlines(), "", "## OTLP in, Kafka out", ""]
    lines += [
        "| load | gateway | CPU us/span (min-max) | of the Collector's | spans/s | peak RSS MiB | spans/message "
        "| bytes/span in the topic | messages with a key | acknowledged | missing | duplicated |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for title, peers in measured["produced"].items():
        for name, row in peers.items():
            lines.append(
                f"| {title} | {name} | {cpu(row)} | {share(row, peers.get('collector'))} "
                f"| {row['through_per_second']:,.0f} | {row['peak_rss_mib']:.0f} | {row['spans_per_request_out']:.0f} "
                f"| {row['bytes_out_per_span']:.0f} | {row['messages_keyed']:.0%} | {row['spans_acknowledged']:,} "
                f"| {row['spans_missing']:,} | {row['spans_duplicated']:,} |"
            )
    lines += ["", f"The goal for {LIMITED_SIZE} spans, unkeyed: {GOAL_US} us, {GOAL_SHARE} of the Collector's.", ""]
    if measured["consumed"]:
        lines += ["## Kafka in, nop out", ""]
        lines += ["| topic | gateway | CPU us/span (min-max) | of the Collector's | spans/s | peak RSS MiB | spans |"]
        lines += ["|---|---|---|---|---|---|---|"]
    for title, peers in measured["consumed"].items():
        for name, row in peers.items():
            base = peers.get(name.replace("spanway", "collector", 1))
            lines.append(
                f"| {title} | {name} | {cpu(row)} | {share(row, base)} | {row['spans_per_second']:,.0f} "
                f"| {row['peak_rss_mib']:.0f} | {row['spans']:,.0f} |"
            )
    return [*lines, ""]


def cpu(row: dict) -> str:
    low, high = row["cpu_us_range"]
    return f"**{row['cpu_us_per_span']:.2f}** ({low:.2f}-{high:.2f})"


def share(row: dict, base: dict | None) -> str:
    return f"{row['cpu_us_per_span'] / base['cpu_us_per_span']:.2f}" if base else ""


def lost(measured: dict) -> list[str]:
    """Where what Spanway acknowledged is not in the topic, or what is in the topic was not taken."""
    found = []
    for title, name, row in ours(measured["produced"]):
        if row["spans_missing"]:
            found.append(f"{title}: {name}: {row['spans_missing']:,} acknowledged spans are not in the topic")
        if not row["spans_acknowledged"]:
            found.append(f"{title}: {name}: nothing was acknowledged")
        if row["messages_keyed"] != row["keyed"]:
            found.append(f"{title}: {name}: {row['messages_keyed']:.0%} of the messages have a key")
    for title, name, row in ours(measured["consumed"]):
        if row["accepted_range"] != [row["spans"], row["spans"]]:
            found.append(f"{title}: {name}: {row['accepted_range']} of {row['spans']:,.0f} spans were taken")
    return found


def ours(cases: dict):
    """Spanway's rows, with their case and the name of how it ran."""
    for title, peers in cases.items():
        yield from ((f"kafka, {title}", name, row) for name, row in peers.items() if name.startswith("spanway"))


def broken_limits(measured: dict) -> list[str]:
    broken = []
    for title, peers in measured["produced"].items():
        one, other = peers.get("spanway"), peers.get("collector")
        limited = one and other and one["spans_per_request"] == LIMITED_SIZE and not one["keyed"]
        if limited and one["cpu_us_per_span"] > other["cpu_us_per_span"] * report.HARD_SHARE:
            figures = f"{one['cpu_us_per_span']:.2f} us of CPU a span, not a fifth of {other['cpu_us_per_span']:.2f}"
            broken.append(f"kafka, {title}: {figures}")
    return broken
