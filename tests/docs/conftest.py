from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a copy of the examples, and with the environments that they name."""
    ignore = shutil.ignore_patterns("venvs", "__pycache__")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=ignore)
    make = tmp_path / "examples" / "multiple_environments" / "make_environments.py"
    subprocess.run([sys.executable, str(make)], check=True, timeout=60)
    return tmp_path
