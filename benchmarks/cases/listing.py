"""Listing one hello world: the whole command, from nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from benchmarks.measure import Contender, alternate, named
from benchmarks.peers import DAGSTER_0_12, DAGSTER_1_13, Installation
from benchmarks.processes import time_command
from benchmarks.result import Result
from benchmarks.setting import OURS, Setting
from benchmarks.verdicts import at_most_share

_TARGETS = ((DAGSTER_0_12, 4), (DAGSTER_1_13, 8))
_NOTE = (
    "The whole command, from its start to its end, with one location: `skerry inspect`, `dagster pipeline list` "
    "(0.12.15), `dagster job list` (1.13.27). Nothing of any of them runs beforehand."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    contenders = [
        Contender(OURS, setting.list_one, repeats=3),
        *(Contender(each.peer.name, partial(setting.list_one_with, each)) for each in setting.peers),
        Contender("floor: `python -c pass`", lambda: _python(setting, sys.executable, "pass")),
        *(
            Contender(f"floor: `import grpc`, {each.peer.name}", partial(_import_grpc, setting, each))
            for each in setting.peers
        ),
    ]
    series = alternate(contenders, setting.rounds(5))
    ours = named(series, OURS)
    verdicts = [
        at_most_share(f"list one hello world, of {peer.name}", ours, named(series, peer.name), share)
        for peer, share in _TARGETS
    ]
    return [Result("List one hello world", _NOTE, series, verdicts)]


def _import_grpc(setting: Setting, installation: Installation) -> float:
    return _python(setting, installation.python, "import grpc")


def _python(setting: Setting, python: str, program: str) -> float:
    return time_command([python, "-c", program], setting.folder)
