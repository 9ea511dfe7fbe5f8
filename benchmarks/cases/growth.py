"""Whether the time for each location grows with their number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.measure import Contender, alternate
from benchmarks.result import Result
from benchmarks.setting import Setting, seconds_of
from benchmarks.verdicts import at_most_times

_COUNTS = (20, 50, 100)
_NOTE = "The time to load that many locations with Skerry, as above, divided by their number."


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    contenders = [
        Contender(str(count), partial(lambda count: seconds_of(setting.load(count), count), count)) for count in _COUNTS
    ]
    whole = alternate(contenders, setting.rounds(9))
    each = [figures.scaled(f"each of {count}", count) for figures, count in zip(whole, _COUNTS, strict=True)]
    verdict = at_most_times("load one of 100 locations, of one of 20", each[-1], each[0], 1)
    return [Result("From 20 to 100 locations", _NOTE, each, [verdict])]
