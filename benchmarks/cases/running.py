"""Runs: the whole command, a run in a workspace that is loaded, a thousand solids, and many runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.bytecode import compile_bytecode
from benchmarks.measure import Contender, Series, Unit, alternate, named, say
from benchmarks.peers import DAGSTER_0_12, DAGSTER_1_13, Installation
from benchmarks.processes import script
from benchmarks.result import Result
from benchmarks.setting import OURS, Setting
from benchmarks.verdicts import at_most_share, at_most_times
from benchmarks.words import times_as_many
from benchmarks.workspaces import SHOWN

_HERE = Path(__file__).parents[1]
_OWN = _HERE / "own_scripts" / "run_skerry.py"
_FORK = _HERE / "own_scripts" / "fork_and_write.py"
_TARGETS = ((DAGSTER_0_12, 3), (DAGSTER_1_13, 8))
_WARM_TIMES = 8
_FLOOR = "floor: a fork that writes a line"
_SOLIDS = 1000
_RUNS, _PEER_RUNS = 200, 12
#: Seconds for a peer's; its script gives up before.
_PEER_LIMIT = 300
_COLD_NOTE = (
    "The whole command, from its start to its end: `skerry run`, whose run has a process of its own; `dagster pipeline "
    "execute` (0.12.15) and `dagster job execute` (1.13.27), which run it in their own. Nothing runs beforehand."
)
_WARM_NOTE = (
    "A hello world in a workspace that is loaded, from `Location.launch` to the moment when the library knows that it "
    "has succeeded. The floor: a bare interpreter forks a process that writes one line to a file, and waits for it."
)
_EVENTS_NOTE = (
    f"One run of {_SOLIDS} solids that do nothing: the events that are written to its journal in a second, each before "
    "anything follows from it, and with each solid's output pickled to a file. The floor: as many lines of that length "
    "are appended to a file."
)
_MANY_NOTE = (
    f"On a host that is warm, with one location, runs of a hello world are asked for, one after the other, and all "
    f"waited for: {_RUNS} with Skerry, {_PEER_RUNS} with Dagster, whose runs take seconds each. Skerry: "
    "`Location.launch`. Dagster: `create_run_for_pipeline` (0.12.15), `create_run_for_job` (1.13.27) and `submit_run`, "
    "and a `dagster-daemon run` that has run one before and looks into the queue every second. Its settings are those "
    "with which it is fastest here: no limit of runs at a time, and, of 1.13.27, as many threads as cores that take "
    "runs from the queue, and no further process for each step."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    return [_cold(setting), _warm(setting), _events(setting), _many(setting)]


def _cold(setting: Setting) -> Result:
    say("  whole commands")
    contenders = [
        Contender(OURS, setting.run_one, repeats=3),
        *(Contender(each.peer.name, partial(setting.run_one_with, each)) for each in setting.peers),
    ]
    series = alternate(contenders, setting.rounds(5))
    ours = named(series, OURS)
    verdicts = [
        at_most_share(f"run one hello world, of {peer.name}", ours, named(series, peer.name), share)
        for peer, share in _TARGETS
    ]
    return Result("Run one hello world", _COLD_NOTE, series, verdicts)


def _warm(setting: Setting) -> Result:
    say("  warm runs")
    contenders = [
        Contender(OURS, lambda: _run(setting, "warm")["seconds"]),
        Contender(_FLOOR, lambda: _seconds([sys.executable, str(_FORK)], setting.folder)),
    ]
    series = alternate(contenders, setting.rounds(5))
    ours, floor = series
    verdict = at_most_times("run in a loaded workspace, of a fork", ours, floor, _WARM_TIMES)
    return Result("A run in a loaded workspace", _WARM_NOTE, series, [verdict])


def _events(setting: Setting) -> Result:
    say(f"  {_SOLIDS} solids")
    ours, floor = Series(OURS, Unit.RATE), Series("floor: appending lines", Unit.RATE)
    for _ in range(setting.rounds(5)):
        with script([sys.executable, str(_OWN), "events", str(_wide(setting))], setting.folder) as (answer, _):
            ours.values.append(answer["events"] / answer["seconds"])
            floor.values.append(answer["events"] / answer["appending"])
    return Result(f"Events a second, {_SOLIDS} solids", _EVENTS_NOTE, [ours, floor])


def _many(setting: Setting) -> Result:
    say(f"  {_RUNS} runs")
    contenders = [
        Contender(OURS, lambda: _RUNS / _run(setting, "many")["seconds"]),
        *(Contender(each.peer.name, partial(_many_with, setting, each)) for each in setting.peers),
    ]
    ours, *theirs = series = alternate(contenders, setting.rounds(3), Unit.RATE)
    ratios = " and ".join(filter(None, (times_as_many(ours, each) for each in theirs)))
    note = f"{_MANY_NOTE} {OURS} runs {ratios}." if ratios else _MANY_NOTE
    return Result("Runs a second", note, series)


def _many_with(setting: Setting, installation: Installation) -> float:
    file = setting.peer_workspace(installation, 1)
    with installation.with_queue() as queued:
        line = queued.queueing(_PEER_RUNS, file, next(file.parent.glob("*.py")), SHOWN)
        with script(line, file.parent, queued.variables, limit=_PEER_LIMIT) as (answer, _):
            return _PEER_RUNS / float(answer["seconds"])


def _run(setting: Setting, what: str) -> dict[str, float]:
    file = setting.workspace(1)
    with script([sys.executable, str(_OWN), what, str(file)], file.parent) as (answer, _):
        return answer


def _seconds(line: Sequence[str], folder: Path) -> float:
    with script(line, folder) as (answer, _):
        return float(answer["seconds"])


def _wide(setting: Setting) -> Path:
    """Give a workspace with one pipeline of many solids."""
    folder = setting.folder / f"skerry-{_SOLIDS}-solids"
    file = folder / "workspace.yaml"
    if not file.exists():
        folder.mkdir()
        (folder / "wide.py").write_text(
            "from skerry import pipeline, solid\n\n\n@solid\ndef nothing():\n    pass\n\n\n"
            f"@pipeline\ndef wide():\n    for _ in range({_SOLIDS}):\n        nothing()\n"
        )
        file.write_text("load_from:\n  - python_file: wide.py\n")
        compile_bytecode(sys.executable, folder)
    return file
