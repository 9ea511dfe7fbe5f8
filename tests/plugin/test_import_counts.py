"""A command imports the plugins whose keys it meets, and no other: counted in the process that ran it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import environment
from support.location_types import location_type
from support.plugins import install

#: Runs a command as `skerry` does, and tells on stderr, as its last line, every module that it imported.
PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from skerry.console import main
main(sys.argv[1:])
"""
OTHERS = [f"other{number:02}" for number in range(40)]
PLUGINS = {f"skerry_{key}" for key in ("python_file", "python_package", "plain", *OTHERS)}


@pytest.fixture
def folder(tmp_path: Path, hello: Path) -> Path:
    """Give a folder with a workspace of one third party's type, of forty-one that are installed in ``site``."""
    for key in (*OTHERS, "plain"):
        install(tmp_path / "site", key, location_type(key=key))
    (tmp_path / "workspace.yaml").write_text("load_from:\n  - plain: hello.py\n")
    return tmp_path


def imported_plugins(folder: Path, *arguments: str) -> set[str]:
    """Run a command that must succeed, and give the plugins that its process imported."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env=environment(PYTHONPATH=str(folder / "site")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    modules = set(result.stderr.splitlines()[-1].split())
    assert "skerry.console" in modules
    return modules & PLUGINS


@pytest.mark.parametrize(
    "command", [("inspect",), ("inspect", "--json"), ("check",), ("check", "--schema-only")], ids=" ".join
)
def test_of_many_installed_plugins_only_the_one_in_use_is_imported(folder: Path, command: tuple[str, ...]) -> None:
    assert imported_plugins(folder, *command) == {"skerry_plain"}


def test_of_the_built_in_types_only_the_one_in_use_is_imported(folder: Path) -> None:
    assert imported_plugins(folder, "check", "-f", "hello.py") == {"skerry_python_file"}


def test_help_imports_no_plugin(folder: Path) -> None:
    assert imported_plugins(folder, "--help") == set()


def test_what_tells_of_every_type_imports_every_plugin(folder: Path) -> None:
    assert imported_plugins(folder, "types") == PLUGINS
    assert imported_plugins(folder, "schema") == PLUGINS
