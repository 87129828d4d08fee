"""From runs to medians, tables and a verdict."""

from statistics import median

# Microseconds of CPU that Spanway may take for a span, plain in and plain out, on two cores.
HARD_LIMIT_US = {512: 0.65, 8: 1.7}
# The share of the Collector's CPU that Spanway may take, and how late it may acknowledge.
HARD_SHARE = 1 / 5
HARD_P50_MS = 1.0


def summary(runs: list[dict]) -> dict:
    """Medians of the numbers of several runs; losses are added up, nothing is averaged away."""
    numbers = "cpu_us_per_span spans_per_second peak_rss_mib bytes_in_per_span bytes_out_per_span spans_per_request_out"
    sums = "spans_acknowledged spans_missing spans_duplicated"
    result = {name: median(run[name] for run in runs) for name in numbers.split()}
    result |= {name: sum(run[name] for run in runs) for name in sums.split()}
    result["cpu_us_range"] = [min(run["cpu_us_per_span"] for run in runs), max(run["cpu_us_per_span"] for run in runs)]
    result["latency_p50_ms"] = median(run["latency_ms"]["p50"] for run in runs)
    result["latency_p99_ms"] = median(run["latency_ms"]["p99"] for run in runs)
    result["compression_out"] = sorted({codec for run in runs for codec in run["compression_out"]})
    result["attempts_refused"] = add_up(run["attempts_refused"] for run in runs)
    result["attempts_failed"] = add_up(run["attempts_failed"] for run in runs)
    result["runs"] = len(runs)
    return result


def add_up(counts) -> dict:
    total = {}
    for count in counts:
        for what, number in count.items():
            total[what] = total.get(what, 0) + number
    return total


def latency_summary(runs: list[dict]) -> dict:
    return {name: median(run[name] for run in runs) for name in ("p50", "p99", "spans_per_second")}


def markdown(result: dict) -> str:
    lines = [
        f"# Gateways side by side, {result['date']}",
        "",
        f"{result['machine']}; OTLP/gRPC in and out, one run each of {result['seconds']} s, "
        f"{result['repeats']} repeats, medians. CPU is user and system time of the gateway's process for each span "
        "that it acknowledged, in microseconds (CPU-seconds a million spans). Load, sink and gateway share the cores, so "
        "spans/s is no property of the gateway alone. All batch 8192 spans or 200 ms; Spanway checks every field of "
        "what it takes.",
        "",
        *[f"- {name}: {version}" for name, version in result["versions"].items()],
        "",
    ]
    for case, peers in result["saturation"].items():
        lines += saturation_table(case, peers)
    if result["latency"]:
        lines += latency_table(result["latency"])
    lines += [f"- {note}" for note in notes(result)]
    return "\n".join(lines) + "\n"


def saturation_table(case: str, peers: dict) -> list[str]:
    lines = [
        f"## {case}",
        "",
        "| gateway | CPU us/span (min-max) | of the Collector's | spans/s | peak RSS MiB | bytes/span in | bytes/span out "
        "| compression out | ack p50 / p99 ms | acknowledged | missing | refused, failed |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    base = peers.get("collector", {}).get("cpu_us_per_span")
    for name, row in peers.items():
        low, high = row["cpu_us_range"]
        share = f"{row['cpu_us_per_span'] / base:.2f}" if base else ""
        compression = ", ".join(row["compression_out"])
        if "gzip" in row["compression_out"]:
            compression += f" (level {row['gzip_level']})"
        troubles = row["attempts_refused"] | row["attempts_failed"]
        lines.append(
            f"| {name} | **{row['cpu_us_per_span']:.2f}** ({low:.2f}-{high:.2f}) | {share} "
            f"| {row['spans_per_second']:,.0f} | {row['peak_rss_mib']:.0f} | {row['bytes_in_per_span']:.0f} "
            f"| {row['bytes_out_per_span']:.0f} | {compression} "
            f"| {row['latency_p50_ms']:.2f} / {row['latency_p99_ms']:.1f} | {row['spans_acknowledged']:,} "
            f"| {row['spans_missing']:,} | {', '.join(f'{count} {what}' for what, count in troubles.items()) or 'none'} |"
        )
    return [*lines, ""]


def latency_table(cases: dict) -> list[str]:
    lines = ["## Acknowledgement at a steady rate, otlp to nop", ""]
    lines += ["| load | gateway | p50 ms | p99 ms | spans/s |", "|---|---|---|---|---|"]
    for case, peers in cases.items():
        for name, row in peers.items():
            lines.append(f"| {case} | {name} | {row['p50']:.3f} | {row['p99']:.3f} | {row['spans_per_second']:,.0f} |")
    return [*lines, ""]


def notes(result: dict) -> list[str]:
    found = []
    for case, peers in result["saturation"].items():
        for name, row in peers.items():
            if row["asked"] == "none" and row["compression_out"] != ["identity"]:
                found.append(f"{name} was told not to compress in *{case}* and compressed all the same.")
            if row["spans_missing"]:
                found.append(f"{name} acknowledged {row['spans_missing']:,} spans in *{case}* that never arrived.")
    return found


def broken_limits(result: dict) -> list[str]:
    """What is wrong with Spanway's figures, one sentence each."""
    broken = []
    for case, peers in result["saturation"].items():
        ours, theirs = peers.get("spanway"), peers.get("collector")
        if ours is None:
            broken.append(f"{case}: spanway was not measured")
            continue
        cpu = ours["cpu_us_per_span"]
        limit = HARD_LIMIT_US.get(ours["spans_per_request"])
        if ours["asked"] == "none" and limit and cpu > limit:
            broken.append(f"{case}: {cpu:.2f} us of CPU a span, more than {limit}")
        if theirs and cpu > theirs["cpu_us_per_span"] * HARD_SHARE:
            broken.append(f"{case}: {cpu:.2f} us of CPU a span, more than a fifth of {theirs['cpu_us_per_span']:.2f}")
    for case, peers in result["latency"].items():
        if (ours := peers.get("spanway")) and ours["p50"] >= HARD_P50_MS:
            broken.append(f"{case}: acknowledged after {ours['p50']:.2f} ms at the median, not under {HARD_P50_MS}")
    return broken


def lost(result: dict) -> list[str]:
    """Where Spanway acknowledged what did not arrive, or acknowledged nothing."""
    found = []
    for case, peers in result["saturation"].items():
        if ours := peers.get("spanway"):
            if ours["spans_missing"]:
                found.append(f"{case}: {ours['spans_missing']:,} acknowledged spans did not arrive")
            if not ours["spans_acknowledged"]:
                found.append(f"{case}: nothing was acknowledged")
    return found
