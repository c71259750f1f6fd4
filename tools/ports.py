"""Ports of loopback for daemons that a script starts."""

import itertools
import os
import socket

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
FIRST, LAST = 10000, 65535  # whose ports nobody has to ask for
STEP = 64                   # two processes with neighbouring ids are so far apart
LEAST = 2000


def span():
    """The longest run of ports that no outgoing connection is given by the kernel: one
    of those may be taken by anybody before the daemon binds it."""
    try:
        with open(RANGE, encoding="ascii") as file:
            low, high = map(int, file.read().split())
    except OSError:
        low, high = 32768, 60999
    spans = [range(FIRST, low), range(max(high + 1, FIRST), LAST + 1)]
    longest = max(spans, key=len)
    return longest if len(longest) >= LEAST else range(FIRST, LAST + 1)


def numbers():
    ports = span()
    for n in itertools.count(os.getpid() * STEP):
        yield ports[n % len(ports)]


following = numbers()


def free_port():
    """A port that nobody has at this moment; each call gives another one."""
    for port in following:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
