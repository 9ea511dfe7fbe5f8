"""Twenty locations that import the same large package, each for itself and with ``preload``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.bytecode import compile_bytecode
from benchmarks.cases.memory import memory_of
from benchmarks.measure import BenchmarkError, Contender, Series, Unit, alternate, named, say
from benchmarks.peers import Installation, add
from benchmarks.processes import descendants, environment
from benchmarks.result import Result
from benchmarks.setting import OURS, Running, Setting
from benchmarks.verdicts import at_most_share
from benchmarks.workspaces import write_workspace

_COUNT = 20
_MODULE = "pandas"
_WITH, _WITHOUT = f"{OURS}, with preload", f"{OURS}, without"
_TITLE = f"{_COUNT} locations that import {_MODULE}"
#: Of what it takes without.
_TIME_SHARE, _MEMORY_SHARE = 4, 3
_NOTE = (
    f"Each location is a hello world that imports {_MODULE}; they are loaded as above. Skerry's have an interpreter of "
    f"their own that holds it; with preload, each entry says `preload: [{_MODULE}]`."
)
_MEMORY_NOTE = (
    "In the same runs: the proportional set size of all processes below the one that loads, Skerry's fork servers "
    "included."
)


class _Loader:
    """One contender. ``memory``: what comes beside the time."""

    def __init__(self, name: str, load: Callable[[], Running]) -> None:
        self.name = name
        self.memory = Series(name, Unit.BYTES)
        self._load = load

    def seconds(self) -> float:
        """Give how long it took until all locations were ready. Raises BenchmarkError."""
        with self._load() as (answer, host):
            if answer["ready"] != _COUNT:
                raise BenchmarkError(f"{answer['ready']} of {_COUNT} locations were ready")
            self.memory.values.append(sum(memory_of(process) for process in descendants(host)))
            return float(answer["seconds"])


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    say(f"  {_TITLE}")
    loaders = [
        _Loader(_WITH, partial(_load, setting, preload=True)),
        _Loader(_WITHOUT, partial(_load, setting, preload=False)),
        *(_Loader(each.peer.name, partial(_load_with, setting, each)) for each in setting.peers),
    ]
    seconds = alternate([Contender(loader.name, loader.seconds) for loader in loaders], setting.rounds(3))
    memory = [loader.memory for loader in loaders]
    for used, taken in zip(memory, seconds, strict=True):
        used.failed, used.failure = taken.failed, taken.failure
    return [
        _result("time", _NOTE, seconds, _TIME_SHARE),
        _result("memory", _MEMORY_NOTE, memory, _MEMORY_SHARE),
    ]


def _result(what: str, note: str, series: list[Series], share: int) -> Result:
    claim = f"{what} of {_TITLE}, with preload, of that without"
    verdict = at_most_share(claim, named(series, _WITH), named(series, _WITHOUT), share)
    return Result(f"{_TITLE}: {what}", note, series, [verdict])


def _load(setting: Setting, *, preload: bool) -> Running:
    file = setting.folder / f"skerry-{_MODULE}-{'preload' if preload else 'plain'}" / "workspace.yaml"
    if not file.exists():
        python = _environment(setting)
        options = f"executable_path: {python}" + (f", preload: [{_MODULE}]" if preload else "")
        words = {"library": "skerry", "solid": "solid", "pipeline": "pipeline"}
        write_workspace(file.parent, _COUNT, **words, import_seconds=0.0, imports=_MODULE, options=options)
        compile_bytecode(python, file.parent)
    return setting.load_file(file)


def _load_with(setting: Setting, installation: Installation) -> Running:
    peer = installation.peer
    file = setting.folder / f"dagster-{peer.version}-{_MODULE}" / "workspace.yaml"
    if not file.exists():
        add(installation.python, _MODULE)
        words = {"library": "dagster", "solid": peer.solid, "pipeline": peer.pipeline}
        write_workspace(file.parent, _COUNT, **words, import_seconds=0.0, imports=_MODULE)
        compile_bytecode(installation.python, file.parent)
    return setting.load_file_with(installation, file)


def _environment(setting: Setting) -> str:
    """Give the interpreter of an environment for Skerry's locations. Raises BenchmarkError."""
    folder = setting.environments / _MODULE
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        line = [sys.executable, "-m", "venv", str(folder)]
        try:
            subprocess.run(line, env=environment(), capture_output=True, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise BenchmarkError(f"no environment could be made: {error}") from error
    add(python, _MODULE)
    return python
