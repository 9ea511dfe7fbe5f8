"""Five mistakes in a file are mended in one round, from what is printed alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.pages import ROOT

from skerry.plugin.registry import Registry
from skerry.workspace_file import read_workspace_files

FILE = ROOT / "tests" / "examples" / "invalid" / "five_mistakes.yaml"
PRINTED = FILE.with_suffix(".txt").read_text()


def _in_quotes(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]


def _mended(line: str, column: int, message: str, hint: str) -> str:
    """Do what the message says to the value or key at its place, knowing nothing else."""
    before, rest = line[: column - 1], line[column - 1 :]
    if nearest := re.match(r"Did you mean `(\w+)`", hint):
        return before + rest.replace(_in_quotes(r"`(\w+)`", message), nearest[1], 1)
    if hint == "Write a number.":
        return f"{before}60"
    if quoted := re.match(r"Put it in quotes: (.*)\.$", hint):
        return before + quoted[1]
    if "give a default" in hint:
        return before + _in_quotes(r"give a default: `(.*)`", hint)
    raise AssertionError(f"nothing to do for: {message} {hint}")


def test_a_file_with_five_mistakes_is_mended_in_one_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKERRY_EXAMPLE_UNSET", raising=False)
    lines = FILE.read_text().splitlines()
    problems = re.findall(r"^five_mistakes\.yaml:(\d+):(\d+): error: (.*)\n  (.*)$", PRINTED, re.MULTILINE)
    assert len(problems) == 5
    for line, column, message, hint in problems:
        lines[int(line) - 1] = _mended(lines[int(line) - 1], int(column), message, hint)
    mended = tmp_path / "workspace.yaml"
    mended.write_text("\n".join(lines))

    description = read_workspace_files([mended], Registry())

    assert description.problems == ()
    assert [entry.name for entry in description.entries] == ["orders.py", "reports.py", "3.10", "forecasts.py"]
