"""What happens after the load: a reload, a crash, slow imports side by side, and doing nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import Contender, Series, Unit, alternate, named, say
from benchmarks.peers import DAGSTER_0_12, DAGSTER_1_13, Installation
from benchmarks.processes import script
from benchmarks.result import Result
from benchmarks.setting import OURS, Running, Setting, seconds_of
from benchmarks.verdicts import at_most, at_most_share, at_most_times

_HERE = Path(__file__).parents[1]
_OWN = _HERE / "own_scripts" / "live_skerry.py"
_RELOAD = _HERE / "peer_scripts" / "reload_dagster.py"
_TARGETS = ((DAGSTER_0_12, 20), (DAGSTER_1_13, 40))
_CRASH_TIMES = 10
_IMPORTS, _IMPORT_SECONDS = 4, 3.0
_IMPORT_TIMES = 1.1
_IDLE, _IDLE_SHARE = 100, 0.01
_FLOOR = "floor: forked and loaded"
_RELOAD_NOTE = (
    "One hello world is loaded again by a call of the library, until it can be used, after it was once before: "
    "`Location.reload()`; `reload_repository_location` (0.12.15), `reload_code_location` (1.13.27)."
)
_CRASH_NOTE = (
    "The process of a hello world is killed by SIGKILL; the seconds until it is READY again, untouched by anyone. The "
    "peers never notice. The floor: a bare interpreter forks, and the child imports the same file and answers."
)
_IMPORTS_NOTE = (
    f"{_IMPORTS} locations whose import takes {_IMPORT_SECONDS:g} s each, from the call until all are ready."
)
_IDLE_NOTE = (
    f"{_IDLE} locations are READY and nobody asks for anything, for 10 s: the share of one processor that the host and "
    "its fork server take, and how often in a second they wake."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    return [_reloads(setting), _crashes(setting), _imports(setting), *_idling(setting)]


def _reloads(setting: Setting) -> Result:
    say("  reload")
    contenders = [
        Contender(OURS, lambda: seconds_of(_live(setting, "reload", 1), 1), repeats=5),
        *(Contender(each.peer.name, partial(_reload_with, setting, each)) for each in setting.peers),
    ]
    series = alternate(contenders, setting.rounds(3))
    verdicts = [
        at_most_share(f"reload one location, of {peer.name}", named(series, OURS), named(series, peer.name), share)
        for peer, share in _TARGETS
    ]
    return Result("Reload one location", _RELOAD_NOTE, series, verdicts)


def _crashes(setting: Setting) -> Result:
    say("  crash")
    contenders = [
        Contender(OURS, lambda: seconds_of(_live(setting, "crash", 1), 1), repeats=3),
        Contender(_FLOOR, lambda: seconds_of(setting.start_processes(str(_code(setting)), 1), 1), repeats=3),
    ]
    series = alternate(contenders, setting.rounds(5))
    verdict = at_most_times(
        "from a crash to READY, of a bare fork and load", named(series, OURS), named(series, _FLOOR), _CRASH_TIMES
    )
    return Result("From a crash to READY", _CRASH_NOTE, series, [verdict])


def _imports(setting: Setting) -> Result:
    say("  slow imports")
    contenders = [
        Contender(OURS, lambda: seconds_of(setting.load(_IMPORTS, _IMPORT_SECONDS), _IMPORTS)),
        *(Contender(each.peer.name, partial(_import_with, setting, each)) for each in setting.peers),
    ]
    series = alternate(contenders, setting.rounds(2))
    import_alone = Series("one import", values=[_IMPORT_SECONDS])
    verdict = at_most_times(
        f"{_IMPORTS} imports of {_IMPORT_SECONDS:g} s, of one", named(series, OURS), import_alone, _IMPORT_TIMES
    )
    return Result("Slow imports side by side", _IMPORTS_NOTE, series, [verdict])


def _idling(setting: Setting) -> Sequence[Result]:
    say("  idle")
    share, wakeups = Series(OURS, Unit.SHARE), Series(OURS, Unit.RATE)
    for _ in range(setting.rounds(3)):
        with _live(setting, "idle", _IDLE) as (answer, _):
            share.values.append(answer["cpu"])
            wakeups.values.append(answer["wakeups"])
    verdict = at_most(f"CPU of an idle host of {_IDLE} locations", share, _IDLE_SHARE)
    return [
        Result(f"An idle host of {_IDLE} locations", _IDLE_NOTE, [share], [verdict]),
        Result("Wake-ups a second of that host", "As above.", [wakeups]),
    ]


def _live(setting: Setting, what: str, count: int) -> Running:
    file = setting.workspace(count)
    return script([sys.executable, str(_OWN), what, str(file)], file.parent)


def _code(setting: Setting) -> Path:
    return next(setting.workspace(1).parent.glob("*.py"))


def _reload_with(setting: Setting, installation: Installation) -> float:
    file = setting.peer_workspace(installation, 1)
    line = [installation.python, str(_RELOAD), str(file)]
    return seconds_of(script(line, file.parent, installation.variables), 1)


def _import_with(setting: Setting, installation: Installation) -> float:
    return seconds_of(setting.load_with(installation, _IMPORTS, _IMPORT_SECONDS), _IMPORTS)
