"""Real OpenTelemetry SDKs through two gateways into a sink, every span compared by id and content.

    sender (an SDK) -> spanway A -> spanway B -> sink

    run.py [--direct] [NAME...]

NAME picks combinations by a part of their name, such as `go` or `http/json`. `--direct` leaves the gateways
out, which tests the senders and the sink alone. SPANWAY_BIN names the binary (target/debug/spanway otherwise).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import differences, identity
from gateway import Chain, NotHealthy
from sink import Sink

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"
SEND_SECONDS = 60
ARRIVE_SECONDS = 20

SENDERS = {
    "python": ["grpc", "http/protobuf"],
    "go": ["grpc", "http/protobuf"],
    "node": ["grpc", "http/protobuf", "http/json"],
    "raw": ["grpc", "http/protobuf"],
}
COMPRESSIONS = ["gzip", "none"]
HOPS = ["grpc", "http", "json"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    sink = Sink()
    commands = prepare()
    results = []
    with tempfile.TemporaryDirectory(prefix="spanway-sdk-") as scratch:
        for hop in ["direct"] if options.direct else HOPS:
            wanted = [one for one in combinations(hop) if picked(one, options.names)]
            if wanted:
                results += run_chain(hop, wanted, commands, sink, Path(scratch))
    sink.close()
    failed = results.count(False)
    print(f"{len(results) - failed} combinations passed, {failed} failed")
    return 1 if failed or not results else 0


def run_chain(hop, wanted, commands, sink, scratch):
    """Runs the combinations of one kind of hop; says of each whether it passed."""
    try:
        with Chain(hop, binary(), sink, scratch) as chain:
            return [check(one, commands, chain, sink, scratch) for one in wanted]
    except NotHealthy as fault:
        print(f"FAIL  {hop}: {fault}")
        return [False] * len(wanted)


def combinations(hop):
    """Every sender, protocol and compression, as (hop, sender, protocol, compression)."""
    return [
        (hop, sender, protocol, compression)
        for sender, protocols in SENDERS.items()
        for protocol in protocols
        for compression in COMPRESSIONS
    ]


def picked(combination, names):
    return not names or any(name in " ".join(combination) for name in names)


def binary():
    return Path(os.environ.get("SPANWAY_BIN") or HERE.parents[1] / "target/debug/spanway")


def prepare():
    """Builds the senders; returns the command that starts each."""
    node = CACHE / "node"
    node.mkdir(parents=True, exist_ok=True)
    for name in ["package.json", "package-lock.json", "send.mjs"]:
        shutil.copy(HERE / "node" / name, node)
    subprocess.run(["npm", "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=node, check=True)

    go = CACHE / "go-sender"
    build = ["go", "build", "-buildvcs=false", "-o", str(go), "."]
    subprocess.run(build, cwd=HERE / "go", env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return {
        "python": [sys.executable, str(HERE / "python/send.py")],
        "go": [str(go)],
        "node": ["node", str(node / "send.mjs")],
        "raw": [sys.executable, str(HERE / "python/raw.py")],
    }


def check(combination, commands, chain, sink, scratch):
    """Sends through one combination and compares; prints one line, and what went wrong."""
    hop, sender, protocol, compression = combination
    out = scratch / "exported.jsonl"
    out.unlink(missing_ok=True)
    began = time.monotonic()
    faults = []
    try:
        sent = subprocess.run(
            [*commands[sender], protocol, chain.endpoint(protocol), compression, str(out)],
            capture_output=True,
            text=True,
            timeout=SEND_SECONDS,
        )
        if sent.returncode != 0:
            faults.append(f"the sender failed:\n{(sent.stdout + sent.stderr)[-2000:]}")
    except subprocess.TimeoutExpired:
        faults.append(f"the sender was not done after {SEND_SECONDS} s")
    exported = [] if faults else read(out, hop)
    sink.wait_for({identity(span) for span in exported}, ARRIVE_SECONDS)
    arrived = sink.drain()
    if not faults:
        faults = differences(exported, arrived)
    faults += chain.faults()

    seconds = time.monotonic() - began
    print(f"{'ok  ' if not faults else 'FAIL'}  {' '.join(combination):36} {len(exported)} spans  {seconds:.1f} s")
    for fault in faults:
        print(f"      {fault}")
    sys.stdout.flush()
    return not faults


def read(out, hop):
    """What the sender says that it exported."""
    exported = [json.loads(line) for line in out.read_text().splitlines()]
    for span in exported:
        if hop == "json":  # cannot carry unknown fields
            span.pop("all_fields_digest", None)
    return exported


if __name__ == "__main__":
    sys.exit(main())
