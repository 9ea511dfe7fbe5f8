"""What a served server does under a load that lasts: whether it grows, and whether a reload costs a call."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases.memory import memory_of
from benchmarks.measure import BenchmarkError, Series, Unit
from benchmarks.processes import descendants
from benchmarks.result import Result
from benchmarks.serving import TCP, Load, Served, calling, reload_under, serve
from benchmarks.setting import Setting
from benchmarks.verdicts import at_most

_CLIENTS = 64
#: Calls before the first look at the memory, and between it and the second.
_FIRST, _CALLS = 50_000, 1_000_000
_QUICK_FIRST, _QUICK_CALLS = 5_000, 20_000
#: Seconds for so many calls, on a slow machine.
_CALLS_LIMIT = 3600.0
_GROWTH_LIMIT = 5e6
_RELOADING, _QUICK_RELOADING = 15.0, 3.0
_LOAD = f"{_CLIENTS} clients over TCP, which ask for pings and snapshots by turns, each as fast as it is answered."
_GROWTH_NOTE = (
    f"{_LOAD} The proportional set size of Skerry's server and all processes below it, with the clients connected; "
    "once."
)
_RELOAD_NOTE = (
    f"{_LOAD} Meanwhile the server is asked to reload, and again as soon as it has. A call that fails, or a snapshot "
    "without the pipeline, is counted."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    return [_growth(setting), _reload(setting)]


def _growth(setting: Setting) -> Result:
    first, calls = (_QUICK_FIRST, _QUICK_CALLS) if setting.quick else (_FIRST, _CALLS)
    before = Series(f"after the first {first:,} calls", Unit.BYTES)
    after = Series(f"after {calls:,} calls more", Unit.BYTES)
    growth = Series("growth", Unit.BYTES)
    try:
        with serve(setting, TCP) as served:
            before.values.append(_memory_after(served, first))
            after.values.append(_memory_after(served, calls))
            growth.values.append(after.median - before.median)
    except BenchmarkError as error:
        before.failure = after.failure = growth.failure = str(error)
    verdict = at_most(f"growth of a server in {calls:,} calls", growth, _GROWTH_LIMIT)
    return Result("Memory of a server", _GROWTH_NOTE, [before, after, growth], [verdict])


def _memory_after(served: Served, calls: int) -> float:
    with calling(served, Load("both", _CLIENTS, calls=calls), _CALLS_LIMIT):
        return sum(memory_of(process) for process in [served.process, *descendants(served.process)])


def _reload(setting: Setting) -> Result:
    calls, reloads, failed = (Series(name, Unit.COUNT) for name in ("calls", "reloads", "failed calls"))
    seconds = _QUICK_RELOADING if setting.quick else _RELOADING
    try:
        with serve(setting, TCP) as served:
            answer = reload_under(served, Load("both", _CLIENTS, seconds))
        for series, key in ((calls, "calls"), (reloads, "reloads"), (failed, "failed")):
            series.values.append(answer[key])
    except BenchmarkError as error:
        calls.failure = reloads.failure = failed.failure = str(error)
    verdict = at_most(f"failed calls of {_CLIENTS} clients while a server reloads", failed, 0)
    return Result(f"Reloads under the load of {_CLIENTS} clients", _RELOAD_NOTE, [calls, reloads, failed], [verdict])
