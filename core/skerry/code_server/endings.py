"""How a user process ended, as an error: what the operating system and faulthandler tell of it."""

from __future__ import annotations

import signal

from skerry.errors import ErrorKind, LocationError
from skerry.model import ErrorInfo, Frame
from skerry.user_process.tracebacks import parse_stack

_NATIVE_CRASHES = frozenset({"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"})


def ended(code: int | None, number: int | None, doing: str, tail: str, standard_library: str) -> ErrorInfo:
    """Say how a process ended by itself: with an exit code, or by a signal. ``tail``: its last output."""
    if number is None:
        error = LocationError(ErrorKind.PROCESS_EXITED, code=code, doing=doing)
        return ErrorInfo(error.kind, str(error), output=tail)
    name = signal_name(number)
    error = LocationError(ErrorKind.PROCESS_SIGNALED, signal=name, doing=doing, advice=_advice(name))
    frames = parse_stack(tail, standard_library) if name in _NATIVE_CRASHES else ()
    return ErrorInfo(error.kind, str(error), frames, output=tail)


def timed_out(seconds: float, place: str, frames: tuple[Frame, ...], tail: str) -> ErrorInfo:
    """Say that loading took too long, and where the main thread was at that moment."""
    doing = "" if frames else " (native code held the interpreter, so there is no Python stack)"
    where = f" at {place}" if place else ""
    error = LocationError(ErrorKind.STARTUP_TIMEOUT, seconds=seconds, doing=doing, where=where)
    return ErrorInfo(error.kind, str(error), frames, output=tail)


def signal_name(number: int) -> str:
    """Give the name of a signal, or its number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _advice(name: str) -> str:
    if name == "SIGKILL":
        return "If nobody killed it, the system was out of memory: look at the kernel's log."
    if name in _NATIVE_CRASHES:
        return "Native code crashed: the frames are where Python was, the library called there is the suspect."
    return "Find out who sent it; the last output may tell."
