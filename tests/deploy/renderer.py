"""Helm's own packages, built once into tests/.cache: they check and render a chart as `helm lint` and `helm template` do."""

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "helm"
PROGRAM = HERE.parent / ".cache/helm/render"


class Renderer:
    """Builds in the background; whoever asks waits."""

    def __init__(self):
        self._build = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._build and self._build.poll() is None:
            self._build.kill()
            self._build.wait()

    def build(self):
        """Begins to build, unless what is there is of these sources."""
        newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
        if PROGRAM.exists() and PROGRAM.stat().st_mtime > newest:
            return
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        # Without optimisation, which takes half as long again and is not needed.
        command = ["go", "build", "-buildvcs=false", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", PROGRAM, "."]
        environment = {**os.environ, "CGO_ENABLED": "0"}
        self._build = subprocess.Popen(command, cwd=SOURCES, env=environment, stderr=subprocess.PIPE, text=True)

    def render(self, cases):
        """The results of cases, each a chart, a release and values; see helm/main.go."""
        if self._build:
            _, said = self._build.communicate()
            assert self._build.returncode == 0, f"the renderer does not build: {said}"
            self._build = None
        done = subprocess.run([PROGRAM], input=json.dumps(cases), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
