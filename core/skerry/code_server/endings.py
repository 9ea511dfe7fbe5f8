"""How a user process or an evaluation ended, as an error: what the operating system and faulthandler tell of it."""

from __future__ import annotations

from skerry.errors import ErrorKind, LocationError
from skerry.forking import NATIVE_CRASHES, advice_on_signal, signal_name
from skerry.model import ErrorInfo, Evaluation, Frame
from skerry.user_process.tracebacks import parse_stack


def ended(code: int | None, number: int | None, doing: str, tail: str, standard_library: str) -> ErrorInfo:
    """Say how a process ended by itself: with an exit code, or by a signal. ``tail``: its last output."""
    if number is None:
        error = LocationError(ErrorKind.PROCESS_EXITED, code=code, doing=doing)
        return ErrorInfo(error.kind, str(error), output=tail)
    name = signal_name(number)
    error = LocationError(ErrorKind.PROCESS_SIGNALED, signal=name, doing=doing, advice=advice_on_signal(name))
    frames = parse_stack(tail, standard_library) if name in NATIVE_CRASHES else ()
    return ErrorInfo(error.kind, str(error), frames, output=tail)


def timed_out(seconds: float, place: str, frames: tuple[Frame, ...], tail: str) -> ErrorInfo:
    """Say that loading took too long, and where the main thread was at that moment."""
    doing = "" if frames else " (native code held the interpreter, so there is no Python stack)"
    where = f" at {place}" if place else ""
    error = LocationError(ErrorKind.STARTUP_TIMEOUT, seconds=seconds, doing=doing, where=where)
    return ErrorInfo(error.kind, str(error), frames, output=tail)


def evaluation_timed_out(evaluation: Evaluation, seconds: float, frames: tuple[Frame, ...]) -> ErrorInfo:
    """Say that an evaluation took too long and was ended, and where it was at that moment."""
    advice = "Give it more time, or make it faster; what it waits for may not answer."
    return _late(evaluation, seconds, ", and was ended", advice, frames)


def evaluation_not_begun(evaluation: Evaluation, seconds: float) -> ErrorInfo:
    """Say that an evaluation did not even begin in time."""
    doing = ": the process of its code did not get to it"
    advice = "Reload the location if that lasts; threads that the import has started may hold the interpreter."
    return _late(evaluation, seconds, doing, advice, ())


def evaluation_cut_off(evaluation: Evaluation, reason: str) -> ErrorInfo:
    """Say that an evaluation ended together with what it was part of."""
    advice = "What it would have asked for is not known: evaluate it again."
    error = LocationError(ErrorKind.EVALUATION_CUT_OFF, what=evaluation.words, reason=reason, advice=advice)
    return ErrorInfo(error.kind, str(error))


def evaluation_not_started(reason: str) -> ErrorInfo:
    """Say that the system gave no process for an evaluation."""
    advice = "Free memory or processes on this machine, or evaluate less at once."
    error = LocationError(ErrorKind.PROCESS_NOT_STARTED, reason=reason, advice=advice)
    return ErrorInfo(error.kind, str(error))


def _late(evaluation: Evaluation, seconds: float, doing: str, advice: str, frames: tuple[Frame, ...]) -> ErrorInfo:
    what = f"T{evaluation.words[1:]}"
    error = LocationError(
        ErrorKind.EVALUATION_TIMEOUT, what=what, seconds=round(seconds, 2), doing=doing, advice=advice
    )
    return ErrorInfo(error.kind, str(error), frames)
