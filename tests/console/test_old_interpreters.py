"""The command in an environment of user code, whose interpreter is too old for it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.interpreters import interpreter

import skerry


@pytest.mark.parametrize("version", ["3.8", "3.10"])
def test_it_says_which_one_it_needs(version: str) -> None:
    source = str(Path(skerry.__file__).parents[1])
    answer = subprocess.run(
        [interpreter(version), "-m", "skerry", "inspect"],
        env={**os.environ, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"The command skerry needs Python 3.11 or newer, and this is Python {version}.\n")
