"""The kafka exporter and receiver against a real broker: nothing acknowledged is lost, nothing is changed.

    run.py BINARY [--long] [NAME...]

NAME picks suites, such as `outage`; all that are not long run otherwise. What is needed is installed in tests/.cache.
"""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "harness"), str(TESTS / "sdk"), str(TESTS.parent / "benches/peers")]
import burst
import collector
import doors
import group
import keyed
import outage
import poison
import replicas
import roundtrip
from broker import BrokerFailed
from lab import Lab, Shared

SUITES = [roundtrip, keyed, burst, poison, doors, group, outage]
LONG_SUITES = [replicas, collector]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=Path)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args()
    missing = [tool for tool in ["java", "mvn"] if not shutil.which(tool)]
    if missing:
        print(f"these tests need {' and '.join(missing)} on the PATH")
        return 1
    unknown = set(options.names) - {suite.__name__ for suite in [*SUITES, *LONG_SUITES]}
    if unknown:
        print(f"no suite is named {' or '.join(sorted(unknown))}")
        return 2

    results = []
    with tempfile.TemporaryDirectory(prefix="spanway-kafka-") as directory, Shared(Path(directory)) as shared:
        for suite in chosen(options):
            began = time.monotonic()
            for test in suite.TESTS:
                name = f"{suite.__name__}/{test.__name__}"
                results.append(passes(test, name, Lab(options.binary.resolve(), Path(directory) / name, shared)))
            print(f"{suite.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    failed = results.count(False)
    print(f"{len(results) - failed} tests passed, {failed} failed")
    return 1 if failed else 0


def chosen(options):
    every = [*SUITES, *LONG_SUITES]
    if options.names:
        return [suite for suite in every if suite.__name__ in options.names]
    return every if options.long else SUITES


def passes(test, name, lab):
    """Runs a test; prints one line, and what went wrong."""
    began = time.monotonic()
    fault = note = ""
    with lab:
        try:
            note = test(lab)
        except (AssertionError, BrokerFailed) as failure:
            fault = str(failure)
        except Exception:
            fault = traceback.format_exc()
        print(f"{'FAIL' if fault else 'ok  '}  {name:40} {time.monotonic() - began:5.1f} s  {note or ''}")
        if fault:
            for line in [test.__doc__, fault, *lab.last_words()]:
                print("      " + line.replace("\n", "\n      "))
        sys.stdout.flush()
    return not fault


if __name__ == "__main__":
    sys.exit(main())
