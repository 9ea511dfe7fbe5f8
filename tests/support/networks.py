"""Two machines on one: network namespaces joined by a cable, with nobody else on it.

They have no name, and exist only as long as the two processes in them, which end when what started them does, be it by
SIGKILL. The cable is made inside, so this machine's own network never sees it.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from support.namespaces import SECONDS, entering, hold, making


@dataclass(frozen=True)
class Machine:
    """One of the two. ``enter``: what to put before a command to run it there; ``ipv4`` and ``ipv6``: its address."""

    enter: tuple[str, ...]
    ipv4: str
    ipv6: str

    def run(self, *command: str) -> None:
        """Run a command there that must succeed."""
        subprocess.run([*self.enter, *command], check=True, timeout=SECONDS, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def two_machines() -> Iterator[tuple[Machine, Machine]]:
    """Give two machines that reach each other, or skip the test by name where the system does not allow it.

    Once a namespace can be made at all, everything else must work. A missing tool is a failure under CI.
    """
    alone = making(["--net"], ("ip", "link", "set", "lo", "up"), "util-linux and iproute2")
    with contextlib.ExitStack() as stack:
        first = hold(stack, alone)
        east = Machine(entering(first, "--net", "net"), "10.77.0.1", "fd77::1")
        second = hold(stack, (*east.enter, "unshare", "--net"))
        west = Machine((*east.enter[:-2], *entering(second, "--net", "net")[-2:]), "10.77.0.2", "fd77::2")
        east.run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(second))
        for machine in (east, west):
            machine.run("ip", "link", "set", "lo", "up")
            machine.run("ip", "address", "add", f"{machine.ipv4}/24", "dev", "cable")
            # Nobody else is there: an address need not be probed for before it is used.
            machine.run("ip", "address", "add", f"{machine.ipv6}/64", "dev", "cable", "nodad")
            machine.run("ip", "link", "set", "cable", "up")
        yield east, west
