"""The Debian package: what is in it, what its scripts do, and that what it installs runs."""

import gzip
import re
import subprocess
from pathlib import Path

from lab import DEPLOY, ROOT

WANTED = {
    "usr/bin/spanway": "-rwxr-xr-x",
    "etc/spanway/config.yaml": "-rw-r-----",
    "usr/lib/systemd/system/spanway.service": "-rw-r--r--",
    "usr/lib/sysusers.d/spanway.conf": "-rw-r--r--",
    "usr/share/doc/spanway/copyright": "-rw-r--r--",
    "usr/share/doc/spanway/changelog.gz": "-rw-r--r--",
    "usr/share/man/man1/spanway.1.gz": "-rw-r--r--",
}


def it_holds_what_it_should(lab):
    """Files with their rights, all root's; the configuration is the administrator's to change; examples are there."""
    built = build(lab)
    listed = {}
    for line in tool("dpkg-deb", "--contents", built).splitlines():
        rights, owner, _, _, _, path = line.split(None, 5)
        assert owner == "root/root", line
        listed[path.removeprefix("./")] = rights
    wrong = {path: listed.get(path) for path, rights in WANTED.items() if listed.get(path) != rights}
    assert not wrong, wrong
    for example in (ROOT / "config").glob("*.yaml"):
        assert f"usr/share/doc/spanway/examples/{example.name}" in listed, example
    control = dict(re.findall(r"^([\w-]+): (.*)$", tool("dpkg-deb", "--field", built), re.MULTILINE))
    version = tool(lab.binary, "--version").split()[1]
    assert control["Package"] == "spanway" and control["Version"] == version, control
    assert re.search(r"libc6 \(>= 2\.\d+\)", control["Depends"]), control["Depends"]
    extracted(built, lab.directory / "control", "--control")
    assert (lab.directory / "control/conffiles").read_text().split() == ["/etc/spanway/config.yaml"]
    return f"{built.stat().st_size / 1048576:.1f} MiB"


def what_it_installs_is_sound(lab):
    """The configuration it brings is valid, keeps spans where the unit lets it, and the page of the manual is one."""
    root = extracted(build(lab), lab.directory / "root", "--extract")
    config = root / "etc/spanway/config.yaml"
    lab.validate(config)
    unit = (root / "usr/lib/systemd/system/spanway.service").read_text()
    assert "StateDirectory=spanway" in unit
    for directory in re.findall(r"directory: (\S+)", config.read_text()):
        assert directory.startswith("/var/lib/spanway/"), directory
    page = gzip.decompress((root / "usr/share/man/man1/spanway.1.gz").read_bytes()).decode()
    assert page.startswith(".TH SPANWAY 1")
    known = tool(root / "usr/bin/spanway", "--help")
    for command in ["validate", "print-config", "components", "journal", "query"]:
        assert command in known and command.replace("-", "\\-") in page, command


def its_scripts_do_what_they_should(lab):
    """Installed, it makes its user, is enabled and started; upgraded, it is restarted if it runs at all; removed, it is stopped."""
    scripts = extracted(build(lab), lab.directory / "control", "--control")
    first = ran(lab, scripts, "postinst", "configure", "")
    assert first[0] == "systemd-sysusers spanway.conf", first
    assert first[1:3] == ["chgrp -R spanway /etc/spanway", "systemctl daemon-reload"], first
    assert first[3:] == [
        "systemctl enable spanway.service",
        "systemctl is-enabled --quiet spanway.service",
        "systemctl restart spanway.service",
    ], first
    upgrade = ran(lab, scripts, "postinst", "configure", "0.0.9")
    assert "systemctl enable spanway.service" not in upgrade and "systemctl restart spanway.service" in upgrade, upgrade
    assert ran(lab, scripts, "prerm", "remove") == ["systemctl disable --now spanway.service"]
    assert ran(lab, scripts, "prerm", "upgrade") == []
    # Acknowledged spans are not a package's to delete.
    purged = ran(lab, scripts, "postrm", "purge")
    assert "rm -rf /etc/spanway" in purged and not any("/var/lib" in line for line in purged), purged


TESTS = [it_holds_what_it_should, what_it_installs_is_sound, its_scripts_do_what_they_should]

_built = {}


def build(lab):
    """The package, built once."""
    if not _built:
        out = lab.directory.parents[0] / "packages"
        _built["path"] = Path(tool(DEPLOY / "debian/build", lab.binary, out).strip())
    return _built["path"]


def extracted(package, directory, how):
    tool("dpkg-deb", how, package, directory)
    return directory


def ran(lab, scripts, script, *words):
    """What a script calls, with programs in place of the system's that write it down, on a machine that runs systemd."""
    programs, log = lab.directory / "programs", lab.directory / "calls"
    programs.mkdir(exist_ok=True)
    log.write_text("")
    for name in ["systemctl", "systemd-sysusers", "chgrp", "rm"]:
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n')
        program.chmod(0o755)
    machine = lab.directory / "systemd"
    machine.mkdir(exist_ok=True)
    text = (scripts / script).read_text().replace("/run/systemd/system", str(machine))
    done = subprocess.run(["sh", "-s", *words], input=text, env={"PATH": f"{programs}:/usr/bin:/bin"}, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def tool(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout
