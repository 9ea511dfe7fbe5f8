"""``skerry --help``, beside what it cannot do without."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.measure import Contender, alternate, named
from benchmarks.processes import time_command
from benchmarks.result import Result
from benchmarks.setting import SKERRY, Setting
from benchmarks.verdicts import at_most_times

_HELP = "`skerry --help`"
_CLICK = '`python -c "import click"`'
_TARGET = 3
_NOTE = "The whole command, by the same interpreter."


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    folder = setting.folder
    contenders = [
        Contender(_HELP, lambda: time_command([SKERRY, "--help"], folder, expect="inspect")),
        Contender(_CLICK, lambda: time_command([sys.executable, "-c", "import click"], folder)),
        Contender("floor: `python -c pass`", lambda: time_command([sys.executable, "-c", "pass"], folder)),
    ]
    series = alternate(contenders, setting.rounds(25))
    verdict = at_most_times(f"{_HELP}, of {_CLICK}", named(series, _HELP), named(series, _CLICK), _TARGET)
    return [Result("Help", _NOTE, series, [verdict])]
