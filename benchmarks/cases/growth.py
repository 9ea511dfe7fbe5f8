"""Whether the time and the memory for each location grow with their number, to a thousand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.cases.memory import memory_of
from benchmarks.measure import Contender, Series, Unit, alternate, named
from benchmarks.processes import descendants
from benchmarks.result import Result
from benchmarks.setting import Setting, seconds_of
from benchmarks.verdicts import at_most_times

_COUNTS = (1, 10, 100, 1000)
_FLOOR_COUNT = 20
_FLOOR = f"floor: {_FLOOR_COUNT} forked"
#: A thousand locations, of the time of the floor.
_FLOOR_TIMES = 100
#: One of a thousand, of one of a hundred: what is linear but for noise.
_LINEAR = 1.25
_NOTE = "The time to load that many locations with Skerry, as above; the floor as above, too."
_MEMORY_NOTE = (
    "Proportional set size of the host, the fork server and all user processes together, divided by the number of "
    "locations; once."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    contenders = [
        *(Contender(_name(count), partial(_seconds, setting, count)) for count in _COUNTS),
        Contender(_FLOOR, lambda: seconds_of(setting.start_processes("fork", _FLOOR_COUNT), _FLOOR_COUNT), repeats=3),
    ]
    series = alternate(contenders, setting.rounds(7))
    whole = named(series, _name(1000))
    each = [named(series, _name(count)).scaled(f"each of {count}", count) for count in _COUNTS]
    verdicts = [
        at_most_times("load 1 000 locations, of 20 bare forks", whole, named(series, _FLOOR), _FLOOR_TIMES),
        at_most_times("load one of 1 000 locations, of one of 100", each[-1], each[-2], _LINEAR),
    ]
    memory = [_memory(setting, count) for count in _COUNTS]
    return [
        Result("From 1 to 1 000 locations", _NOTE, series, verdicts),
        Result("Each of them", "Divided by their number.", each),
        Result("Memory from 1 to 1 000 locations", _MEMORY_NOTE, memory),
    ]


def _name(count: int) -> str:
    return f"{count} location{'s' if count > 1 else ''}"


def _seconds(setting: Setting, count: int) -> float:
    return seconds_of(setting.load(count), count)


def _memory(setting: Setting, count: int) -> Series:
    with setting.load(count) as (_, host):
        whole = sum(map(memory_of, [host, *descendants(host)]))
    return Series(f"each of {count}", Unit.BYTES, [whole / count])
