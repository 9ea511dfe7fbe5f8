"""docs/library.md: its examples are a program that works, and its tables name every member."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.pages import ROOT, blocks, read, section, table

from skerry import Location, Workspace

PAGE = read("docs/library.md")


def test_the_examples_are_one_program_that_works(tmp_path: Path) -> None:
    program = tmp_path / "page.py"
    program.write_text("\n\n".join(block.text for block in blocks(PAGE, "python")))
    shutil.copytree(ROOT / "examples" / "tour", tmp_path / "tour", ignore=shutil.ignore_patterns("__pycache__"))
    line = [sys.executable, "-W", "error", str(program)]
    answer = subprocess.run(line, cwd=tmp_path / "tour", capture_output=True, text=True, timeout=100, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert "analytics READY" in answer.stdout


@pytest.mark.parametrize("cls", [Workspace, Location])
def test_every_member_is_in_the_table_as_it_is_called(cls: type) -> None:
    told = [row[0].strip("`") for row in table(section(PAGE, f"## {cls.__name__}"))]
    assert told == [_call(name, value) for name, value in vars(cls).items() if not name.startswith("_")]


def _call(name: str, value: Any) -> str:
    if isinstance(value, property):
        return name
    parameters = inspect.signature(getattr(value, "__func__", value)).parameters.values()
    shown = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters][1:]
    return f"{name}({', '.join(re.sub(r' = ', '=', str(parameter)) for parameter in shown)})"
