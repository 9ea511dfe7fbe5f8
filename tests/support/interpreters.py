"""The interpreters on this machine: on PATH and in pyenv's folder."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
#: Without these a run under CI proves too little.
REQUIRED_IN_CI = ("3.8", "3.11", "3.13")


@functools.cache
def find_interpreter(version: str) -> str | None:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which(f"python{version}")
    candidates = [*sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python"))), *([on_path] if on_path else [])]
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        answer = subprocess.run([candidate, "-c", program], capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return candidate
    return None


def interpreter(version: str) -> str:
    """Give the path of a Python of this version, or skip the test by name (under CI, fail for those required)."""
    found = find_interpreter(version)
    if found is None:
        if os.environ.get("CI") == "true" and version in REQUIRED_IN_CI:
            pytest.fail(f"Python {version} is missing, and CI must run with it")
        pytest.skip(f"Python {version} is not on this machine")
    return found


def make_environment(folder: Path, version: str, *paths: Path) -> Path:
    """Make a virtual environment without pip, with ``paths`` as its .pth; gives its interpreter."""
    subprocess.run([interpreter(version), "-m", "venv", "--without-pip", str(folder)], check=True)
    if paths:
        site_packages = next(folder.glob("lib/python*/site-packages"))
        (site_packages / "paths.pth").write_text("".join(f"{path}\n" for path in paths))
    return folder / "bin" / "python"
