"""Memory of the processes that hold user code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psutil

from benchmarks.measure import BenchmarkError, Series, Unit, named, say
from benchmarks.peers import Installation
from benchmarks.processes import descendants
from benchmarks.result import Result
from benchmarks.setting import OURS, Running, Setting
from benchmarks.verdicts import at_most

_COUNT = 20
_LIMIT = 2.5e6
#: A peer that hangs in one load may not in the next.
_TRIES = 2
_NOTE = (
    "Proportional set size (each shared page divided among those who share it) of every process that holds a "
    f"location's code, with {_COUNT} locations loaded; once, so the spread is that among the processes. "
    "Skerry's fork server holds none, and is there once for each interpreter."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    series = [
        *_ours(setting),
        *(_theirs(setting, each) for each in setting.peers),
        _bare(setting),
    ]
    verdict = at_most("memory of each of 20 locations (the largest)", named(series, OURS), _LIMIT)
    return [Result(f"Memory at {_COUNT} locations", _NOTE, series, [verdict])]


def _ours(setting: Setting) -> Iterable[Series]:
    locations, fork_server = Series(OURS, Unit.BYTES), Series(f"{OURS}: fork server", Unit.BYTES)
    try:
        with setting.load(_COUNT) as (answer, host):
            _check(answer["ready"])
            for process in descendants(host):
                (locations if process.pid in answer["pids"] else fork_server).values.append(memory_of(process))
    except BenchmarkError as error:
        locations.failure = fork_server.failure = str(error)
    return locations, fork_server


def _theirs(setting: Setting, installation: Installation) -> Series:
    name = installation.peer.name
    for _ in range(1 if installation.failure else _TRIES):
        try:
            return _below(name, setting.load_with(installation, _COUNT))
        except BenchmarkError as error:
            failure = str(error)
            say(f"  {name}: {failure}")
    return Series(name, Unit.BYTES, failure=failure)


def _bare(setting: Setting) -> Series:
    return _below("floor: forked", setting.start_processes("fork", _COUNT))


def _below(name: str, running: Running) -> Series:
    """Take the memory of all processes below the host: each of them holds a location."""
    say(f"  {name}")
    with running as (answer, host):
        _check(answer["ready"])
        return Series(name, Unit.BYTES, [memory_of(process) for process in descendants(host)])


def _check(ready: int) -> None:
    if ready != _COUNT:
        raise BenchmarkError(f"{ready} of {_COUNT} locations were ready")


def memory_of(process: psutil.Process) -> float:
    """Give the proportional set size of a process. Raises BenchmarkError where the system does not tell it."""
    memory = process.memory_full_info()
    if not hasattr(memory, "pss"):
        raise BenchmarkError("this system does not tell the proportional set size")
    return float(memory.pss)
