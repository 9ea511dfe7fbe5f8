"""Namespaces of Linux that exist only as long as a process in them, which ends when what started it does."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

import pytest

SECONDS = 20.0


def making(options: Sequence[str], trial: Sequence[str], needs: str) -> tuple[str, ...]:
    """Give the command that makes a namespace, such as ``--net``, or skip the test by name where it cannot be made.

    ``trial``: what must work in it; ``needs``: the packages of the tools. A missing tool is a failure under CI.
    """
    if sys.platform != "linux":
        pytest.skip("namespaces are Linux's")
    missing = [tool for tool in ("unshare", "nsenter", trial[0]) if shutil.which(tool) is None]
    if missing:
        words = f"{', '.join(missing)} is not installed: this test needs {needs}"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    command = ("unshare", *user, *options)
    tried = subprocess.run([*command, *trial], capture_output=True, text=True, timeout=SECONDS, check=False)
    if tried.returncode:
        pytest.skip(f"this system lets us make no {options[0][2:]} namespace: {tried.stderr.strip()}")
    return command


def hold(stack: contextlib.ExitStack, command: Sequence[str]) -> int:
    """Start a process that stays in a namespace until its standard input ends; gives its process id."""
    process = subprocess.Popen(
        [*command, "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    stack.callback(_end, process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"\n", "the process in a namespace has ended"
    return process.pid


def entering(pid: int, option: str, kind: str) -> tuple[str, ...]:
    """Give what to put before a command to run it in the namespace of a process: ``--net``, of the kind ``net``."""
    user = () if os.geteuid() == 0 else ("--preserve-credentials", f"--user=/proc/{pid}/ns/user")
    return ("nsenter", *user, f"{option}=/proc/{pid}/ns/{kind}", "--")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(SECONDS)
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()
