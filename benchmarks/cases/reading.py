"""Reading a large workspace file: parsing, places and schemas, beside PyYAML's own load of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import BenchmarkError, Contender, alternate, named
from benchmarks.processes import script
from benchmarks.result import Result
from benchmarks.setting import OURS, Setting
from benchmarks.verdicts import at_most_times

_READ = Path(__file__).parents[1] / "own_scripts" / "read_entries.py"
_PYYAML = "PyYAML alone"
_COUNT = 1000
_TARGET = 4
_NOTE = (
    f"A file of {_COUNT} entries, long and short ones in turn, in a process that has read a small file before. Skerry: "
    "from the file to origins, with the line and column of every value, every entry held against the schema of its "
    "type; nothing is loaded. PyYAML: `yaml.load` with its C loader, which gives values alone."
)
_SHORT = "  - python_file: teams/team_{number}.py\n"
_LONG = """\
  - python_file:
      relative_path: teams/team_{number}/repositories.py
      location_name: team_{number}
      attribute: team_{number}_repository
      working_directory: teams/team_{number}
      executable_path: venvs/team_{number}/bin/python
"""


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    file, small = (_write(setting.folder / f"entries-{count}.yaml", count) for count in (_COUNT, 2))
    contenders = [
        Contender(name, _seconds(setting, who, file, small)) for name, who in ((OURS, "skerry"), (_PYYAML, "pyyaml"))
    ]
    series = alternate(contenders, setting.rounds(15))
    claim = f"Read {_COUNT} entries, of {_PYYAML}"
    verdict = at_most_times(claim, named(series, OURS), named(series, _PYYAML), _TARGET)
    return [Result(f"Read {_COUNT} entries", _NOTE, series, [verdict])]


def _write(file: Path, count: int) -> Path:
    entries = ((_LONG if number % 2 else _SHORT).format(number=number) for number in range(count))
    file.write_text("load_from:\n" + "".join(entries))
    return file


def _seconds(setting: Setting, who: str, file: Path, small: Path) -> Callable[[], float]:
    def read() -> float:
        with script([sys.executable, str(_READ), who, str(file), str(small)], setting.folder) as (answer, _):
            if answer["entries"] != _COUNT:
                raise BenchmarkError(f"{answer['entries']} of {_COUNT} entries were read")
            return float(answer["seconds"])

    return read
