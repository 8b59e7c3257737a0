"""Free loopback ports for servers that cannot choose one by themselves."""

import itertools
import os
import random
import socket

# Below the range that the system gives outgoing connections (32768 and up): between naming a port
# and listening on it, nobody's connection takes it away. Each process of pytest has its own share.
FIRST, SHARES, SHARE = 12_000, 20, 1_000


def _numbers():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + worker % SHARES * SHARE
    numbers = list(range(first, first + SHARE))
    start = random.SystemRandom().randrange(SHARE)
    return itertools.cycle(numbers[start:] + numbers[:start])


_NUMBERS = _numbers()


def free_ports(count: int) -> list[int]:
    """None that was named before, as long as a share lasts."""
    found: list[int] = []
    for number in itertools.islice(_NUMBERS, SHARE):
        if len(found) == count:
            return found
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            found.append(number)
    raise OSError(f"no {count} free ports among {SHARE}")


def free_port() -> int:
    return free_ports(1)[0]
