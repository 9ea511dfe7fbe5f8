"""``python -m benchmarks``: measure, print, and write ``RESULTS.md``."""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.machine import describe_machine, describe_versions
from benchmarks.measure import say
from benchmarks.preparing import prepare
from benchmarks.report import render
from benchmarks.result import Result
from skerry.user_process.processes import become_subreaper

_RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Run the cases asked for. Only a whole run is written down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Skerry beside its peers.")
    parser.add_argument("--quick", action="store_true", help="at most two rounds of everything; nothing is written")
    parser.add_argument("--only", choices=CASES, help="one case; nothing is written")
    arguments = parser.parse_args()
    become_subreaper()  # what a contender leaves behind becomes a child of this process, and can be ended
    report = _measure([arguments.only] if arguments.only else list(CASES), quick=arguments.quick)
    print(report)
    if not (arguments.quick or arguments.only):
        _RESULTS.write_text(report)
        say("Written to benchmarks/RESULTS.md")


def _measure(names: Sequence[str], *, quick: bool) -> str:
    with tempfile.TemporaryDirectory(prefix="skerry-benchmarks-") as folder:
        setting = prepare(Path(folder), quick=quick)
        facts = [("date", datetime.date.today().isoformat()), *describe_machine(), *describe_versions(setting.peers)]
        results: list[Result] = []
        for name in names:
            say(f"Measuring {name}")
            results += CASES[name](setting)
    return render(facts, results)


main()
