"""Skerries as they were: the wheels of tests/rpc/frozen, each in an environment with today's dependencies."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

WHEELS = sorted((Path(__file__).parents[1] / "rpc" / "frozen").glob("skerry-*.whl"))


def make_frozen_environment(folder: Path, wheel: Path) -> Path:
    """Make a virtual environment that holds ``wheel`` before all that is installed here; gives its interpreter."""
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site_packages)
    # A plain line: the .pth files there, and so this checkout, are not read.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = subprocess.run(
        [python, "-c", "import skerry; print(skerry.__file__)"], check=True, capture_output=True, encoding="utf-8"
    )
    assert where.stdout.strip() == str(site_packages / "skerry" / "__init__.py")
    return python
