"""What the operating system can do to end processes together, where it can."""

import contextlib
import os
import signal
import time
from typing import Any, Callable, Collection, Dict, List, Optional, Tuple

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


def outlive_parent() -> None:
    """Undo ``die_with_parent``. Linux."""
    if _prctl is not None:
        _prctl(_SET_PARENT_DEATH_SIGNAL, 0, 0, 0, 0)


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


def kill_strangers(known: Collection[int]) -> None:
    """Kill the children that are not ``known``: orphans, which a subreaper inherits. Linux."""
    for pid in children():
        if pid not in known:
            kill_group(pid, signal.SIGKILL)


def kill_all(known: Collection[int], seconds: float, spared: Collection[int] = ()) -> None:
    """Kill all children with their groups, and those that come thereby, and wait for them, at most ``seconds``.

    ``known``: children that have not been waited for; where orphans cannot be found, these alone are killed.
    ``spared``: those that are left alone.
    """
    deadline = time.monotonic() + seconds
    left = set(known)
    for pid in left:
        kill_group(pid, signal.SIGKILL)
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        left.discard(pid)
        kill_strangers({*left, *spared})
        if spared and not left and not set(children()) - set(spared):
            return
        if pid == 0:
            time.sleep(0.001)


def wait_for_any() -> Tuple[int, int]:
    """Wait for a child that has ended, after killing its group while its pid still cannot mean anybody else.

    Gives its pid and status, zeros when there is none.
    """
    try:
        if hasattr(os, "waitid"):
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return 0, 0
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(ended.si_pid, signal.SIGKILL)
            return os.waitpid(ended.si_pid, 0)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        return pid, status
    except ChildProcessError:
        return 0, 0


def ending(status: int) -> Dict[str, Any]:
    """Give the exit code or the signal in what a wait has told, the other as None."""
    signaled = os.WIFSIGNALED(status)
    return {
        "code": None if signaled else os.WEXITSTATUS(status),
        "signal": os.WTERMSIG(status) if signaled else None,
    }


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
