"""Ports to listen on."""

import random
import socket
from contextlib import ExitStack
from pathlib import Path


given = set()


def lasting_ports(count):
    """Free ports of loopback that no client is given: who was away finds its own free again. None is given twice."""
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = []
    with ExitStack() as held:
        while len(ports) < count:
            one = held.enter_context(socket.socket())
            port = random.randrange(first_of_clients // 2, first_of_clients)
            if port in given:
                continue
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
            given.add(port)
    return ports
