"""The image: what the Dockerfile does, done by hand, and what comes out of it run as a container runs it."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import confined
from lab import DEPLOY, ROOT, Ports, refuses

DOCKERFILE = DEPLOY / "docker/Dockerfile"
USER = 65532


def the_dockerfile_is_sound(lab):
    """Sources are there and not ignored, the base is pinned, the build is locked, and the result runs as nobody in particular."""
    steps = instructions(DOCKERFILE.read_text())
    stages = [index for index, (word, _) in enumerate(steps) if word == "FROM"]
    build, final = steps[: stages[-1]], steps[stages[-1] :]
    copied = [source for word, rest in build if word == "COPY" for source in rest.split()[:-1]]
    for source in copied:
        assert (ROOT / source).exists(), f"{source} is not there"
        assert not ignored(source), f"{source} is ignored"
    # Cargo finds every target of the manifest among them.
    sources = lab.directory / "src"
    for word, rest in build:
        if word == "COPY":
            *those, where = rest.split()
            for source in those:
                put(ROOT / source, sources / where / ("" if (ROOT / source).is_dir() else Path(source).name))
    tool = ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"]
    known = subprocess.run(tool, cwd=sources, capture_output=True, text=True)
    assert known.returncode == 0, known.stderr
    # What the compiler reads beside the sources, tests left out, lies within them.
    for outside in included():
        assert any(outside.is_relative_to(ROOT / source) for source in copied), f"{outside} is not copied"
    tag = re.search(r"^ARG RUST_IMAGE=rust:(\S+)", DOCKERFILE.read_text(), re.MULTILINE)[1]
    assert re.fullmatch(r"\d+\.\d+\.\d+-[a-z-]+", tag), f"the base {tag} is not pinned"
    wanted = re.search(r'^rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert not wanted or tag.startswith(wanted[1]), f"the base {tag} is not of Rust {wanted[1]}"
    assert any("cargo build" in rest and "--locked" in rest and "--release" in rest for word, rest in build if word == "RUN")
    settings = {word: rest for word, rest in final}
    assert settings["FROM"] == "scratch" and settings["USER"] == f"{USER}:{USER}", settings
    assert settings["VOLUME"] == "/data" and settings["STOPSIGNAL"] == "SIGTERM", settings
    assert set(settings["EXPOSE"].split()) >= {"4317", "4318", "13133", "8888"}, settings["EXPOSE"]
    return f"{len(copied)} sources"


def the_same_twice(lab):
    """The layout depends on its inputs alone, times included."""
    one, two = (digest(layout(lab, name)) for name in ["one", "two"])
    assert one == two


def it_runs_as_a_container_does(lab):
    """Without root's rights, on a file system of which only /data can be written: spans are taken, kept, and found again."""
    root, data = layout(lab, "image"), lab.directory / "data"
    entry = entrypoint()
    assert (root / entry[0].lstrip("/")).exists(), entry
    assert "BEGIN CERTIFICATE" in (root / "etc/ssl/certs/ca-certificates.crt").read_text(), "no authorities to believe"
    room = confined.Room(root, USER, writable={"/data": data}, env={})
    ports = Ports()
    flags = ports.flags(query=True)
    gateway = lab.start(room.command([*entry, *flags]), ports)
    assert gateway.status("Uid").split() == confined.uids(USER), gateway.status("Uid")
    assert gateway.status("NoNewPrivs") == "1" and int(gateway.status("CapEff"), 16) == 0
    assert gateway.send(5) == 200
    gateway.stop()
    assert any(path.is_file() for path in data.rglob("*")), "nothing is in /data"
    again = Ports()
    gateway = lab.start(room.command([*entry, *again.flags(query=True)]), again)
    found = subprocess.run(
        room.command(["/usr/bin/spanway", "query", "spans", "--service", "shop", "--json", "--directory", "/data/spans"]),
        capture_output=True,
        text=True,
    )
    assert found.stdout.count("GET /cart") == 5, found.stdout + found.stderr
    # Elsewhere there is nothing to write to.
    gateway.stop()
    elsewhere = ["--set", "exporters.store.directory=/spans"]
    refuses(room.command([*entry, *Ports().flags(query=True), *elsewhere]), "Read-only file system")
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and path.name != "spanway")
    return f"{size / 1048576:.1f} MiB beside the binary"


TESTS = [the_dockerfile_is_sound, the_same_twice, it_runs_as_a_container_does]


def instructions(text):
    """The words of a Dockerfile, each with the rest of its line."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def put(source, where):
    """Copies a file or a directory, as COPY does."""
    where.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, where, ignore=shutil.ignore_patterns(".cache"))
    else:
        shutil.copy(source, where)


def entrypoint():
    """ENTRYPOINT and CMD together."""
    steps = dict(instructions(DOCKERFILE.read_text()))
    return [word for part in ["ENTRYPOINT", "CMD"] for word in shlex.split(re.sub(r'[\[\],]', " ", steps[part]))]


def ignored(source):
    """Whether the rules beside the Dockerfile hide a source: the last that matches counts."""
    hidden = False
    for rule in Path(f"{DOCKERFILE}.dockerignore").read_text().splitlines():
        rule = rule.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.lstrip("!").rstrip("/")
        if pattern == "*" or source == pattern or source.startswith(f"{pattern}/"):
            hidden = not rule.startswith("!")
    return hidden


def included():
    """Files that sources take in as they are compiled, but for those of tests."""
    sources = {source: source.read_text() for source in (ROOT / "src").rglob("*.rs")}
    tests = {name for text in sources.values() for name in re.findall(r"#\[cfg\(test\)\]\s+(?:pub(?:\(\w+\))? )?mod (\w+);", text)}
    for source, text in sources.items():
        if tests & {source.stem, *source.relative_to(ROOT / "src").parts}:
            continue
        for path in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', text):
            yield (source.parent / path).resolve()


def layout(lab, name):
    """What the build stage lays out."""
    root = lab.directory / name
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run([DEPLOY / "docker/image.sh", lab.binary, DEPLOY / "docker/config.yaml", root], env=environment, check=True)
    return root


def digest(root):
    """Of everything about the files below a directory."""
    command = "tar --sort=name --numeric-owner -c . | sha256sum"
    return subprocess.run(command, shell=True, cwd=root, capture_output=True, text=True, check=True).stdout
