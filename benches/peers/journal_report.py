"""What the runs with a journal come to: medians, tables, and a verdict."""

from statistics import median

import report

# Microseconds of CPU that journaling with fsync may add to a span, by spans a request.
HARD_JOURNAL_US = {512: 0.3}
# By how much Spanway's spans a CPU-second must exceed the Collector's, by spans a request; others are only reported.
HARD_FACTOR = {512: 5}
# The share of the throughput without fsync that must be left with it, unless the disk's own bandwidth times the
# second share is less.
HARD_THROUGHPUT, HARD_BANDWIDTH = 0.5, 0.8
# A request alone may take this many times as long as a bare write of its length.
HARD_ALONE = 2

MEMORY, SYSTEM, FSYNC = "spanway in memory", "spanway journal", "spanway journal, fsync"
COLLECTOR = "collector queue, fsync"


def summary(raw: dict) -> dict:
    """Medians of the runs; what was lost is added up."""
    saturation = {
        size: {name: one(runs) for name, runs in peers.items()} for size, peers in raw["saturation"].items()
    }
    return raw | {"bandwidth": median(raw["bandwidth"]), "saturation": saturation}


def one(runs: list[dict]) -> dict:
    result = report.summary(runs)
    for name in ("through_per_second", "written_bytes_per_span"):
        result[name] = median(run[name] for run in runs)
    result["spans_distinct"] = sum(run["spans_distinct"] for run in runs)
    result["runs_unequal"] = sum(run["spans_distinct"] != run["spans_acknowledged"] for run in runs)
    return result


def markdown(result: dict) -> list[str]:
    lines = [
        "# Spans on disk",
        "",
        f"Batches of 8192 spans or 200 ms behind the queue, so that a request is in it when it is acknowledged, except "
        "where `batch` is named: there the acknowledged spans are in memory first. In memory, a request is "
        "acknowledged when it is delivered. CPU is the gateway's own; what the kernel's threads do to write pages back "
        "is not in it. Written are the pages that the process had written, without what the file system adds. "
        f"Through is what arrived at the sink in the time until all had. The disk ({result['file_system']}) takes "
        f"{result['bandwidth'] / 1e6:,.0f} MB/s from one writer that makes every 64 MiB durable.",
        "",
    ]
    for size, peers in result["saturation"].items():
        lines += saturation_table(size, peers)
    lines += alone_table(result["alone"])
    return lines


def saturation_table(size: int, peers: dict) -> list[str]:
    lines = [
        f"## Spans on disk, {size} spans a request",
        "",
        "| gateway | CPU us/span (min-max) | spans/CPU-second | acknowledged/s | through/s | bytes/span written "
        "| ack p50 / p99 ms | peak RSS MiB | acknowledged | arrived | twice | refused, failed |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in peers.items():
        low, high = row["cpu_us_range"]
        troubles = row["attempts_refused"] | row["attempts_failed"]
        lines.append(
            f"| {name} | **{row['cpu_us_per_span']:.2f}** ({low:.2f}-{high:.2f}) | {per_cpu_second(row):,.0f} "
            f"| {row['spans_per_second']:,.0f} | {row['through_per_second']:,.0f} "
            f"| {row['written_bytes_per_span']:,.0f} | {row['latency_p50_ms']:.2f} / {row['latency_p99_ms']:.1f} "
            f"| {row['peak_rss_mib']:.0f} | {row['spans_acknowledged']:,} | {row['spans_distinct']:,} "
            f"| {row['spans_duplicated']:,} | {', '.join(f'{n} {what}' for what, n in troubles.items()) or 'none'} |"
        )
    lines.append("")
    if FSYNC in peers and MEMORY in peers:
        cost = peers[FSYNC]["cpu_us_per_span"] - peers[MEMORY]["cpu_us_per_span"]
        lines.append(f"- Journaling with fsync costs {cost:.2f} us of CPU a span.")
    for name in (name for name in peers if name.startswith("collector") and FSYNC in peers):
        factor = per_cpu_second(peers[FSYNC]) / per_cpu_second(peers[name])
        lines.append(f"- With fsync, Spanway takes {factor:.1f} times the spans a CPU-second of *{name}*.")
    return [*lines, ""]


def alone_table(alone: dict) -> list[str]:
    lines = ["## A request of 8 spans with nothing else in flight", ""]
    lines += ["| gateway | acknowledged, p50 ms | bare write and fdatasync, p50 ms | times | bytes |", "|---|---|---|---|---|"]
    for name, row in alone.items():
        times = row["answered_ms"] / row["bare_ms"]
        lines.append(
            f"| {name} | {row['answered_ms']:.3f} | {row['bare_ms']:.3f} | {times:.2f} | {row['bytes']:,} |"
        )
    return [*lines, ""]


def per_cpu_second(row: dict) -> float:
    return 1e6 / row["cpu_us_per_span"] if row["cpu_us_per_span"] else 0.0


def broken_limits(result: dict) -> list[str]:
    """What is wrong with Spanway's figures, one sentence each."""
    broken = []
    for size, peers in result["saturation"].items():
        case = f"journal, {size} spans a request"
        if FSYNC not in peers:
            broken.append(f"{case}: spanway was not measured")
            continue
        broken += [f"{case}: {sentence}" for sentence in too_costly(size, peers)]
        broken += [f"{case}: {sentence}" for sentence in too_slow(peers, result["bandwidth"])]
    if row := result["alone"].get(FSYNC):
        times = row["answered_ms"] / row["bare_ms"]
        if times < 1:
            # Whoever waits for nothing but the disk waits for a processor, too, when others take them all.
            broken.append("a request alone took less than a bare write: the machine is too busy to compare them")
        elif times > HARD_ALONE:
            broken.append(
                f"a request alone is acknowledged after {row['answered_ms']:.3f} ms, {times:.2f} times a bare write, "
                f"not {HARD_ALONE}"
            )
    return broken


def too_costly(size: int, peers: dict) -> list[str]:
    broken = []
    ours = peers[FSYNC]
    cost = ours["cpu_us_per_span"] - peers[MEMORY]["cpu_us_per_span"]
    if (limit := HARD_JOURNAL_US.get(size)) and cost > limit:
        broken.append(f"journaling costs {cost:.2f} us of CPU a span, more than {limit}")
    if (least := HARD_FACTOR.get(size)) and (theirs := peers.get(COLLECTOR)):
        factor = per_cpu_second(ours) / per_cpu_second(theirs)
        if factor < least:
            broken.append(f"{factor:.1f} times the Collector's spans a CPU-second, not {least}")
    return broken


def too_slow(peers: dict, bandwidth: float) -> list[str]:
    ours = peers[FSYNC]
    of_the_disk = HARD_BANDWIDTH * bandwidth / max(ours["written_bytes_per_span"], 1)
    least = min(HARD_THROUGHPUT * peers[SYSTEM]["through_per_second"], of_the_disk)
    if ours["through_per_second"] >= least:
        return []
    return [f"{ours['through_per_second']:,.0f} spans/s with fsync, not {least:,.0f}"]


def lost(result: dict) -> list[str]:
    """Where what Spanway acknowledged is not what arrived, or nothing was acknowledged."""
    found = []
    for size, peers in result["saturation"].items():
        for name, row in peers.items():
            if not name.startswith("spanway"):
                continue
            case = f"{name}, {size} spans a request"
            if row["spans_missing"]:
                found.append(f"{case}: {row['spans_missing']:,} acknowledged spans did not arrive")
            if row["runs_unequal"]:
                found.append(f"{case}: what arrived is not what was acknowledged, in {row['runs_unequal']} runs")
            if not row["spans_acknowledged"]:
                found.append(f"{case}: nothing was acknowledged")
    return found
