"""Sees to it that the interpreters which CI must test with are on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIRED = ("3.8", "3.11", "3.13")


def present(version):
    """Tell whether the tests would find this version: on PATH, or in pyenv's folder."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [*map(str, pyenv.glob(f"versions/{version}.*/bin/python")), shutil.which(f"python{version}")]
    return any(
        candidate and subprocess.run([candidate, "-c", "import venv"], check=False).returncode == 0
        for candidate in candidates
    )


def install(version):
    """Install a version into pyenv's folder, where the tests look."""
    if shutil.which("pyenv") is None:
        sys.exit(f"Python {version} is missing and there is no pyenv to install it: put it on PATH")
    subprocess.run(["pyenv", "install", "--skip-existing", version], check=True)


if __name__ == "__main__":
    for required in REQUIRED:
        if not present(required):
            install(required)
