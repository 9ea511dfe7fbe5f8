"""What the operating system can do to end processes together, where it can."""

import contextlib
import os
import signal
from typing import Callable, List, Optional

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36


def _find_prctl() -> Optional[Callable[..., int]]:
    try:
        import ctypes

        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (ImportError, OSError, AttributeError):
        return None  # macOS, or a Python built without ctypes: process groups must do
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    return prctl


_prctl = _find_prctl()


def become_subreaper() -> None:
    """Inherit the orphans among this process's descendants, so that they can be found and killed. Linux."""
    if _prctl is not None:
        _prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends, which must be single-threaded (the signal follows its thread). Linux."""
    if _prctl is not None:
        _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it ended before the signal was asked for


def kill_group(pid: int, number: int) -> None:
    """Signal a process of ours that has not been waited for, and its group if it leads one."""
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(pid, number)


def children() -> List[int]:
    """Give the pids of this process's children, dead ones that were not waited for included. Linux; else none."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return [pid for pid in _pids() if _parent(pid) == os.getpid()]


def _pids() -> List[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _parent(pid: int) -> Optional[int]:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None
