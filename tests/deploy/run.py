"""What is in deploy/ and config/ does what it says: images, units, packages, charts, alerts and examples.

    run.py BINARY [NAME...]

NAME picks suites, such as `chart`; all run otherwise. What is needed is installed in tests/.cache.
"""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import alerts
import chart
import compose
import examples
import image
import package
import unit
from lab import Lab
from renderer import Renderer

# The chart's renderer takes longest to build: it is last.
SUITES = [examples, image, compose, package, unit, alerts, chart]
TOOLS = ["go", "dpkg-deb", "unshare", "objdump"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print(f"these tests need {' and '.join(missing)} on the PATH")
        return 1
    unknown = set(options.names) - {suite.__name__ for suite in SUITES}
    if unknown:
        print(f"no suite is named {' or '.join(sorted(unknown))}")
        return 2

    chosen = [suite for suite in SUITES if not options.names or suite.__name__ in options.names]
    results = []
    with tempfile.TemporaryDirectory(prefix="spanway-deploy-") as directory, Renderer() as renderer:
        # Built while the others run.
        if chart in chosen:
            renderer.build()
        for suite in chosen:
            began = time.monotonic()
            for test in suite.TESTS:
                name = f"{suite.__name__}/{test.__name__}"
                results.append(passes(test, name, Lab(options.binary.resolve(), Path(directory) / name, renderer)))
            print(f"{suite.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    failed = results.count(False)
    print(f"{len(results) - failed} tests passed, {failed} failed")
    return 1 if failed else 0


def passes(test, name, lab):
    """Runs one test, says how it went."""
    with lab:
        try:
            figures = test(lab)
        except Exception:
            print(f"FAIL  {name}\n{traceback.format_exc()}", flush=True)
            for words in lab.last_words():
                print(words, flush=True)
            return False
    print(f"ok    {name}{f': {figures}' if figures else ''}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
