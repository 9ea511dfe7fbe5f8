"""Two machines on one: network namespaces joined by a cable, with nobody else on it.

They have no name, and exist only as long as the two processes in them, which end when what started them does, be it by
SIGKILL. The cable is made inside, so this machine's own network never sees it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

SECONDS = 20.0
_TOOLS = ("unshare", "nsenter", "ip")


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
    alone = _alone()
    with contextlib.ExitStack() as stack:
        first = _hold(stack, alone)
        east = Machine(_enter(first), "10.77.0.1", "fd77::1")
        second = _hold(stack, (*east.enter, "unshare", "--net"))
        west = Machine((*_enter(first)[:-2], *_enter(second)[-2:]), "10.77.0.2", "fd77::2")
        east.run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(second))
        for machine in (east, west):
            machine.run("ip", "link", "set", "lo", "up")
            machine.run("ip", "address", "add", f"{machine.ipv4}/24", "dev", "cable")
            # Nobody else is there: an address need not be probed for before it is used.
            machine.run("ip", "address", "add", f"{machine.ipv6}/64", "dev", "cable", "nodad")
            machine.run("ip", "link", "set", "cable", "up")
        yield east, west


def _alone() -> tuple[str, ...]:
    """Give the command that makes a namespace."""
    if sys.platform != "linux":
        pytest.skip("network namespaces are Linux's")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        words = f"{', '.join(missing)} is not installed: tests with two machines need util-linux and iproute2"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    alone = ("unshare", *user, "--net")
    trial = subprocess.run(
        [*alone, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if trial.returncode:
        pytest.skip(f"this system lets us make no network namespace: {trial.stderr.strip()}")
    return alone


def _hold(stack: contextlib.ExitStack, command: tuple[str, ...]) -> int:
    """Start a process that stays in a namespace until its standard input ends; gives its process id."""
    process = subprocess.Popen(
        [*command, "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    stack.callback(_end, process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"\n", "the process in a namespace has ended"
    return process.pid


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(SECONDS)
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()


def _enter(pid: int) -> tuple[str, ...]:
    user = () if os.geteuid() == 0 else ("--preserve-credentials", f"--user=/proc/{pid}/ns/user")
    return ("nsenter", *user, f"--net=/proc/{pid}/ns/net", "--")
