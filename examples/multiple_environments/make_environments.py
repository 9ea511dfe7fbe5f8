"""Makes the virtual environments that the examples name, each with another Python where there is one.

No skerry is installed in them: a location's environment does not need it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def interpreter(version):
    """Find a Python of this version on PATH or among pyenv's; else the one that runs this."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [*sorted(pyenv.glob(f"versions/{version}.*/bin/python")), shutil.which(f"python{version}")]
    for candidate in candidates:
        if candidate and subprocess.run([str(candidate), "-c", "import venv"], check=False).returncode == 0:
            return str(candidate)
    return sys.executable


def make(folder, version):
    """Make one environment, with the packages of this folder on its path."""
    if not (folder / "bin" / "python").exists():
        subprocess.run([interpreter(version), "-m", "venv", "--without-pip", str(folder)], check=True)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    (site_packages / "team.pth").write_text(f"{HERE}\n")


if __name__ == "__main__":
    make(HERE / "venvs" / "path" / "to" / "dataengineering_spark_team", "3.8")
    make(HERE / "venvs" / "path" / "to" / "ml_tensorflow", "3.12")
    make(HERE.parent / "first_look" / "venvs" / "spark", "3.8")
