"""Environments that hold given versions of grpcio and protobuf, made by uv below build/matrix and kept there."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.interpreters import interpreter

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "matrix"
#: `make matrix` sets it: all environments are tested with. Otherwise it is those marked `everyday`.
EVERYTHING = bool(os.environ.get("SKERRY_MATRIX"))


@dataclass(frozen=True)
class Environment:
    """An interpreter's version, and what is installed; ``grpcio`` and ``protobuf`` as requirements, or left out."""

    python: str
    grpcio: str = ""
    protobuf: str = ""
    everyday: bool = False

    def __str__(self) -> str:
        return "-".join(["python", self.python, *(one.replace("==", "-") for one in self.requirements)])

    @property
    def requirements(self) -> tuple[str, ...]:
        return tuple(one for one in (self.grpcio, self.protobuf) if one)


def chosen(environments: tuple[Environment, ...]) -> list[Environment]:
    """Give those to test with now."""
    return [one for one in environments if EVERYTHING or one.everyday]


def make(kind: str, environment: Environment, *installed: str) -> Path:
    """Make an environment with ``installed`` in it, too, unless it is there; gives its interpreter.

    Where an interpreter or a package cannot be had, the test is skipped by name; under CI it fails.
    """
    python = interpreter(environment.python)
    folder = FOLDER / f"{kind}-{environment}".replace(".*", "")
    recipe = "\n".join([python, *installed, *environment.requirements, (ROOT / "pyproject.toml").read_text()])
    made = folder / "recipe.txt"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # by other workers of this run; ends with the file
        if not made.exists() or made.read_text() != recipe:
            shutil.rmtree(folder, ignore_errors=True)
            _run("venv", "--quiet", "--python", python, str(folder))
            wanted = [*installed, *environment.requirements]
            if wanted:
                at = ("--python", str(folder / "bin" / "python"))
                # What has no wheel is not supported: building it would take a compiler, and minutes.
                _run("pip", "install", "--quiet", "--only-binary", "grpcio", *at, *wanted)
            made.write_text(recipe)
    return folder / "bin" / "python"


def make_host(environment: Environment) -> Path:
    """Make one that holds this checkout's skerry with all that it needs."""
    return make("host", environment, "--editable", str(ROOT))


def make_user(environment: Environment) -> Path:
    """Make one for user code, without skerry."""
    return make("user", environment)


def _run(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    told = subprocess.run([uv, *arguments], capture_output=True, encoding="utf-8", timeout=110, check=False)
    if told.returncode == 0:
        return
    reason = f"uv {' '.join(arguments)} failed: {told.stderr.strip()}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
