"""The systemd unit: systemd reads it, finds it hardened, and the binary runs under that hardening."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import confined
from lab import DEPLOY, Ports, TESTS as FOLDER, refuses
from package import build, extracted

UNIT = DEPLOY / "systemd/spanway.service"
USER = 64777
# systemd-analyze's figure for exposure, from 0 to 10: 2 and less is "OK" or better.
EXPOSURE = 2.0
DRAIN_SECONDS = 25


def systemd_takes_it(lab):
    """systemd reads every line of the unit, as the package installs it."""
    root = extracted(build(lab), lab.directory / "root", "--extract")
    # What the unit names beside the package.
    for program in ["bin/kill"]:
        stand_in = root / program
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text("#!/bin/sh\n")
        stand_in.chmod(0o755)
    installed = "/usr/lib/systemd/system/spanway.service"
    said = analyze("verify", f"--root={root}", "--man=no", "--recursive-errors=no", installed)
    assert said.returncode == 0 and "spanway.service" not in said.stderr, said.stderr


def it_is_hardened(lab):
    """systemd's own judgement of what the service could do if it were taken over."""
    said = analyze("security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}", UNIT)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
    assert said.returncode == 0 and exposure, said.stdout + said.stderr
    return f"exposure {exposure[1]} of 10"


def stops_in_time(lab):
    """systemd waits for the drain, ends it by SIGTERM, and restarts what has failed."""
    unit = settings()
    assert unit["KillSignal"] == ["SIGTERM"] and unit["Restart"] == ["on-failure"]
    assert int(unit["TimeoutStopSec"][0].rstrip("s")) > DRAIN_SECONDS
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def the_binary_runs_under_it(lab):
    """With the unit's user, files, system calls, sockets and limits, and no more: spans are taken, kept, and the stop is orderly.

    There is no systemd here to do it. The unit's settings are read and applied by the means that systemd itself uses.
    """
    unit = settings()
    state = lab.directory / "state"
    room, program = room_of(lab, unit, state)
    ports = Ports()
    gateway = lab.start(room.command([*program, *ports.flags(query=True)]), ports)
    assert gateway.status("Uid").split() == confined.uids(USER)
    assert gateway.status("NoNewPrivs") == "1" and gateway.status("Seccomp") == "2"
    assert int(gateway.status("CapBnd"), 16) == 0 and int(gateway.status("CapEff"), 16) == 0
    limits = Path(f"/proc/{gateway.pid}/limits").read_text()
    assert re.search(rf"Max open files\s+{confined.files(room.nofile)}\s", limits), limits
    for _ in range(20):
        assert gateway.send(50) == 200
    gateway.scrape()
    gateway.stop()
    assert any(path.is_file() for path in state.rglob("*")), "nothing was kept"
    # The walls are there: outside of the state directory nothing can be written.
    elsewhere = ["--set", "exporters.store.directory=/etc/spanway/spans"]
    refuses(room.command([*program, *Ports().flags(query=True), *elsewhere]), "Read-only file system")
    return f"{len(room.calls)} system calls allowed"


def the_filter_bites(lab):
    """A binary that may not open sockets does not start: the filter of the test before this one is one."""
    room, program = room_of(lab, settings(), lab.directory / "state")
    room.families = ["AF_UNIX"]
    refuses(room.command([*program, *Ports().flags(query=True)]), "not permitted")


TESTS = [systemd_takes_it, it_is_hardened, stops_in_time, the_binary_runs_under_it, the_filter_bites]


def settings():
    """The keys of the unit with all their values."""
    found = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def room_of(lab, unit, state):
    """The machine that the package is installed on, as the service sees it; and the words of ExecStart."""
    assert unit["ProtectSystem"] == ["strict"] and unit["NoNewPrivileges"] == ["yes"] and unit["CapabilityBoundingSet"] == [""]
    root = extracted(build(lab), lab.directory / "machine", "--extract")
    # postinst gives it to the user's group.
    config = root / "etc/spanway/config.yaml"
    config.chmod(0o644)
    # The C library and the authorities are the machine's.
    libraries = [str(path) for path in Path("/usr/lib").glob("*-linux-gnu")]
    shared = [*libraries, *(directory for directory in ["/lib64", "/etc/ssl"] if os.path.isdir(directory))]
    (root / "lib").symlink_to("usr/lib")
    room = confined.Room(
        root,
        USER,
        writable={f"/var/lib/{unit['StateDirectory'][0]}": state, "/tmp": lab.directory / "tmp"},
        shared=shared,
        calls=sorted(calls(unit["SystemCallFilter"])),
        families=unit["RestrictAddressFamilies"][0].split(),
        nofile=int(unit["LimitNOFILE"][0]),
        writes_code=unit["MemoryDenyWriteExecute"] == ["no"],
    )
    return room, unit["ExecStart"][0].split()


def calls(filters):
    """The system calls that lines of SystemCallFilter leave, as systemd reads them: a list, then what is taken from it."""
    allowed = set()
    for line in filters:
        names = {name for group in line.lstrip("~").split() for name in members(group)}
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def members(group):
    """The calls of one of systemd's groups, and of those in it."""
    if not group.startswith("@"):
        return {group}
    said = analyze("syscall-filter", group)
    assert said.returncode == 0, said.stderr
    lines = [line.strip() for line in said.stdout.splitlines()[1:]]
    return {call for line in lines if line and not line.startswith("#") for call in members(line)}


def analyze(*words):
    """Runs systemd-analyze, this machine's or one from Debian's package in tests/.cache."""
    program, environment = systemd_analyze()
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, env={**os.environ, **environment})


def systemd_analyze():
    if found := shutil.which("systemd-analyze"):
        return found, {}
    cache = FOLDER / ".cache/systemd"
    if not (cache / "usr/bin/systemd-analyze").exists():
        cache.mkdir(parents=True, exist_ok=True)
        packages = ["systemd", "libsystemd-shared"]
        subprocess.run(["apt-get", "download", "--quiet", *packages], cwd=cache, check=True)
        for package in cache.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, cache], check=True)
    return str(cache / "usr/bin/systemd-analyze"), {"LD_LIBRARY_PATH": str(next(cache.glob("usr/lib/*/systemd")))}
