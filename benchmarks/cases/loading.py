"""Loading 1, 5 and 20 locations by a call of the library."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.measure import Contender, alternate, named, say
from benchmarks.peers import DAGSTER_0_12, DAGSTER_1_13
from benchmarks.result import Result
from benchmarks.setting import OURS, Setting, seconds_of
from benchmarks.verdicts import at_most_share

_COUNTS = (1, 5, 20)
_JUDGED = 20
_TARGETS = ((DAGSTER_0_12, 100), (DAGSTER_1_13, 220))
_NOTE = (
    "In a fresh process, from the call to the moment when every location can be used; importing the library comes "
    "before, on every side, and what it imports only during the call is counted. Skerry: `Workspace.load(file)` and "
    "`wait()`; Dagster: `load_workspace_process_context_from_yaml_paths(instance, [file])` and the request context. "
    "Floors: as many processes as locations, each of which imports one small module and answers over a pipe."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    return [_load(setting, count) for count in _COUNTS]


def _load(setting: Setting, count: int) -> Result:
    say(f"  {count} at a time")
    contenders = [
        Contender(OURS, lambda: seconds_of(setting.load(count), count), repeats=5),
        *(
            Contender(each.peer.name, partial(lambda each: seconds_of(setting.load_with(each, count), count), each))
            for each in setting.peers
        ),
        Contender("floor: forked", lambda: seconds_of(setting.start_processes("fork", count), count), repeats=2),
        Contender("floor: fresh", lambda: seconds_of(setting.start_processes("fresh", count), count)),
    ]
    series = alternate(contenders, setting.rounds(3))
    ours = named(series, OURS)
    verdicts = [
        at_most_share(f"load {count} locations, of {peer.name}", ours, named(series, peer.name), share)
        for peer, share in (_TARGETS if count == _JUDGED else ())
    ]
    return Result(f"Load {count} location{'s' if count > 1 else ''}", _NOTE, series, verdicts)
