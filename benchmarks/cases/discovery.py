"""Finding location types among few and many installed distributions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import BenchmarkError, Contender, alternate, named
from benchmarks.processes import script
from benchmarks.result import Result
from benchmarks.setting import Setting
from benchmarks.verdicts import at_most

#: Of so many distributions one offers a location type.
_OFFERING = 10
_DISCOVER = Path(__file__).parents[1] / "own_scripts" / "discover_types.py"
_COUNTS = (3, 50, 500)
_TARGET = 0.05
_NOTE = (
    "What `Registry()` costs a process that has imported it: reading the metadata of all that is installed, with so "
    "many distributions more than the environment has. One in ten of them offers a location type; none is imported."
)


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    contenders = [Contender(_name(count), _seconds(setting, _make_site(setting, count))) for count in (0, *_COUNTS)]
    series = alternate(contenders, setting.rounds(15))
    verdict = at_most(f"Discovery, {_name(500)}", named(series, _name(500)), _TARGET)
    return [Result("Discovery of location types", _NOTE, series, [verdict])]


def _name(count: int) -> str:
    return f"{count} distributions more" if count else "floor: this environment alone"


def _make_site(setting: Setting, count: int) -> Path:
    site = setting.folder / f"distributions-{count}"
    site.mkdir(exist_ok=True)
    for number in range(count):
        folder = site / f"package_{number}-1.0.dist-info"
        folder.mkdir(exist_ok=True)
        group = "skerry.plugins" if number % _OFFERING == 0 else "console_scripts"
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: package-{number}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\nentry_{number} = package_{number}\n")
    return site


def _seconds(setting: Setting, site: Path) -> Callable[[], float]:
    expected = len(range(0, len(list(site.iterdir())), _OFFERING))

    def discover() -> float:
        with script([sys.executable, str(_DISCOVER), str(site)], setting.folder) as (answer, _):
            if answer["keys"] < expected:
                raise BenchmarkError(f"{answer['keys']} location types were found, and there are {expected} more")
            return float(answer["seconds"])

    return discover
