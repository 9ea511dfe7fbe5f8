"""Running what is measured: commands to time whole, and scripts that time themselves and then stay to be looked at."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

from benchmarks.measure import BenchmarkError

#: Seconds that one run may take before it counts as failed.
RUN_LIMIT = 90.0
#: Seconds that what a command left behind may take to end by itself, before it is killed.
_LEFT_BEHIND_LIMIT = 5.0
#: What would make an interpreter or a peer other than it is for everybody.
_NOT_INHERITED = ("PYTHON", "DAGSTER_", "SKERRY_", "VIRTUAL_ENV")


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the variables for a measured process: this process's, without those that change what is measured."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    return {**inherited, **(variables or {})}


def time_command(
    line: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None, *, expect: str = ""
) -> float:
    """Give the seconds from the start of a command to its end. Raises BenchmarkError.

    ``expect``: what its output must contain, so that no failure is taken for speed.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = _start(line, folder, variables, output)
        with _limit(process):
            code = process.wait()  # without a timeout: with one, it looks only every 50 ms
        seconds = time.perf_counter() - started
        _end_what_is_left()
        text = _text(output)
    if code != 0 or expect not in text:
        raise BenchmarkError(f"`{_short(line)}` ended with code {code}, and said: {_last_line(text)}")
    return seconds


@contextlib.contextmanager
def script(
    line: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None, *, limit: float = RUN_LIMIT
) -> Iterator[tuple[dict[str, Any], psutil.Process]]:
    """Run a script until it answers, and give its answer and its process, which is killed with all below it at the end.

    ``line`` is followed by the number of the descriptor that the script writes its answer to, one line of JSON; it
    then stays until its stdin closes. ``limit``: the seconds that it has. Servers that run beside it go on. Raises
    BenchmarkError.
    """
    reader, writer = os.pipe()
    servers = psutil.Process().children()
    with tempfile.TemporaryFile() as output:
        try:
            process = _start([*line, str(writer)], folder, variables, output, writer, stdin=subprocess.PIPE)
        finally:
            os.close(writer)
        try:
            answer = _read_line(reader, limit)
            if answer is None:
                raise BenchmarkError(
                    f"`{_short(line)}` gave no answer in {limit:g} s, and said: {_last_line(_text(output))}"
                )
            yield json.loads(answer), psutil.Process(process.pid)
        finally:
            os.close(reader)
            _kill([*_descendants(process.pid), psutil.Process(process.pid)])
            process.communicate()
            _end_what_is_left(at_once=True, spare=servers)


@contextlib.contextmanager
def server(
    line: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None, *, answers: Callable[[], bool]
) -> Iterator[psutil.Process]:
    """Run a server, and give its process once it ``answers``; at the end it is killed with all below it.

    Raises BenchmarkError.
    """
    with tempfile.TemporaryFile() as output:
        process = _start(line, folder, variables, output)
        try:
            deadline = time.monotonic() + RUN_LIMIT
            while not answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise BenchmarkError(f"`{_short(line)}` does not serve, and said: {_last_line(_text(output))}")
                time.sleep(0.02)
            yield psutil.Process(process.pid)
        finally:
            below = _descendants(process.pid)
            process.kill()
            _kill(below)
            process.wait()
            _end_what_is_left(at_once=True)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """Give the processes below one that are alive."""
    return [one for one in process.children(recursive=True) if _alive(one)]


def _start(
    line: Sequence[str],
    folder: Path,
    variables: Mapping[str, str] | None,
    output: IO[bytes],
    *keep: int,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    # Not a pipe for the output: what a command leaves behind would hold it open.
    return subprocess.Popen(
        line,
        cwd=folder,
        env=environment(variables),
        stdin=stdin,
        stdout=output,
        stderr=output,
        pass_fds=keep,
    )


@contextlib.contextmanager
def _limit(process: subprocess.Popen[bytes]) -> Iterator[None]:
    timer = threading.Timer(RUN_LIMIT, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read_line(descriptor: int, seconds: float) -> str | None:
    readable, _, _ = select.select([descriptor], [], [], seconds)
    # A short line in one write, so one read gives it whole; nothing means that the script has ended.
    return os.read(descriptor, 65536).decode() or None if readable else None


def _end_what_is_left(*, at_once: bool = False, spare: Sequence[psutil.Process] = ()) -> None:
    """Wait until nothing runs below this process, then kill what does: it must not slow the next contender.

    This process is a subreaper, so whatever lost its parent is a child of it now. ``spare``: children of it that are
    left alone, with all below them.
    """

    def find() -> list[psutil.Process]:
        spared = {*spare, *(below for one in spare for below in _descendants(one.pid))}
        return [one for one in _descendants(os.getpid()) if one not in spared]

    deadline = time.monotonic() + (0 if at_once else _LEFT_BEHIND_LIMIT)
    while (left := find()) and time.monotonic() < deadline:
        psutil.wait_procs(left, 0.01)
    _kill(left)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + _LEFT_BEHIND_LIMIT
    while any(_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.002)


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return descendants(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return []


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _text(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "nothing"


def _short(line: Sequence[str]) -> str:
    return " ".join([Path(line[0]).name, *(Path(word).name if "/" in word else word for word in line[1:])])
