"""The promises of the sidecar build: sidecar.py BINARY.

Under 20 MiB stripped; under 15 MiB resident once it is started with a sidecar's configuration and idle.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "sdk"))
from gateway import EXPORTERS, Gateway, NotHealthy, free_ports

MIB = 1 << 20
MAX_BINARY = 20 * MIB
MAX_RESIDENT = 15 * MIB


def main(binary):
    with tempfile.TemporaryDirectory(prefix="spanway-sidecar-") as scratch:
        size = stripped_size(Path(binary), Path(scratch))
        try:
            resident = idle_resident(binary, Path(scratch))
        except NotHealthy as fault:
            return str(fault)
    print(f"stripped binary {size / MIB:.1f} MiB, the limit is {MAX_BINARY // MIB} MiB")
    print(f"resident when idle {resident / MIB:.1f} MiB, the limit is {MAX_RESIDENT // MIB} MiB")
    return 0 if size < MAX_BINARY and resident < MAX_RESIDENT else 1


def stripped_size(binary, scratch):
    """Bytes of the binary without symbols."""
    if not shutil.which("strip"):
        return binary.stat().st_size
    stripped = scratch / "stripped"
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    return stripped.stat().st_size


def idle_resident(binary, scratch):
    """Resident bytes of a healthy gateway that nobody has sent to and whose destination is not there."""
    destination = dict(zip(["grpc", "http"], free_ports(2)))
    gateway = Gateway("sidecar", binary, EXPORTERS["grpc"], destination, scratch)
    try:
        gateway.wait_until_healthy()
        return resident(gateway.process.pid)
    finally:
        gateway.stop()


def resident(pid):
    """VmRSS of a process in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no VmRSS")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
