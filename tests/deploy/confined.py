"""Runs a program with a file system and rights of its own, as a container or a systemd unit gives it: see `Room`.

As a program it is the inside of a room: confined.py SPECIFICATION PROGRAM..., in a mount namespace of its own.
"""

import ctypes
import json
import os
import resource
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

# From <linux/prctl.h>.
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_SET_MDWE = 65
PR_MDWE_REFUSE_EXEC_GAIN = 1
LAST_CAPABILITY = 40


@dataclass
class Room:
    """What a program sees and may do."""

    # The directory that is its `/`; read-only, but for `writable`: paths inside, and the directories outside that they are.
    root: Path
    # Whom it runs as. Without root's rights the tests run it as their own user.
    user: int
    writable: dict = field(default_factory=dict)
    # Directories of this machine that it sees at the same place, read-only.
    shared: list = field(default_factory=list)
    env: dict = field(default_factory=dict)
    # System calls that it may make, all when empty; address families of its sockets, likewise.
    calls: list = field(default_factory=list)
    families: list = field(default_factory=list)
    nofile: int = 0
    # Whether memory that is executable can be written, or the other way round.
    writes_code: bool = True

    def command(self, program):
        """The words that run a program in the room, under the process that they start."""
        outside = ["unshare", "--mount", "--propagation", "private"]
        if os.geteuid() != 0:
            outside.append("--map-root-user")
        specification = json.dumps({**asdict(self), "is_root": os.geteuid() == 0}, default=str)
        return [*outside, sys.executable, __file__, specification, *map(str, program)]


def files(wanted):
    """How many files may be open, where so many were asked for: this machine may allow fewer."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


def uids(user):
    """The user ids of a program in a room, as /proc shows them."""
    return [str(user if os.geteuid() == 0 else os.getuid())] * 4


def enter(room, program):
    """Furnishes the room, gives up what the program must not have, and becomes it."""
    furnish(room)
    # Loaded while there is still a place to load it from.
    filters = system_call_filter(room) if room["calls"] else None
    os.chroot(room["root"])
    os.chdir("/")
    if room["nofile"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files(room["nofile"]),) * 2)
    for capability in range(LAST_CAPABILITY + 1):
        prctl(PR_CAPBSET_DROP, capability)
    if room["is_root"]:
        os.setgroups([])
        os.setgid(room["user"])
        os.setuid(room["user"])
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if not room["writes_code"]:
        prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN)
    if filters:
        filters.load()
    os.execve(program[0], program, room["env"])


def furnish(room):
    root = room["root"]
    mount("--bind", root, root)
    for directory in ["/proc", "/dev", *room["shared"]]:
        place(root, directory)
        mount("--rbind", directory, f"{root}{directory}")
        if directory in room["shared"]:
            mount("-o", "remount,bind,ro", f"{root}{directory}")
    for inside, outside in room["writable"].items():
        place(root, inside)
        os.makedirs(outside, exist_ok=True)
        if room["is_root"]:
            os.chown(outside, room["user"], room["user"])
        mount("--bind", outside, f"{root}{inside}")
    mount("-o", "remount,bind,ro", root)


def system_call_filter(room):
    """Calls that are not allowed fail with EPERM, as SystemCallErrorNumber says."""
    import errno

    import pyseccomp

    known = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for call in room["calls"]:
        if call == "socket" and room["families"]:
            for family in room["families"]:
                number = getattr(socket, family)
                known.add_rule(pyseccomp.ALLOW, call, pyseccomp.Arg(0, pyseccomp.EQ, number))
            continue
        try:
            known.add_rule(pyseccomp.ALLOW, call)
        except (OSError, ValueError, KeyError):
            # A call of another architecture, or younger than the library.
            continue
    return known


def place(root, directory):
    Path(f"{root}{directory}").mkdir(parents=True, exist_ok=True)


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def prctl(*words):
    # A kernel that lacks one of these refuses it; what the tests look at afterwards tells.
    ctypes.CDLL(None, use_errno=True).prctl(*words, 0, 0, 0)


if __name__ == "__main__":
    enter(json.loads(sys.argv[1]), sys.argv[2:])
