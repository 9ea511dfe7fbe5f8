"""The fixture ``workspace_project`` in somebody else's project: it loads, it notices what is left, it costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from support.interpreters import interpreter

import skerry


def _pytest(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_theirs.py").write_text(dedent(test))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_project_loads_workspaces(tmp_path: Path, hello: Path) -> None:
    answer = _pytest(
        tmp_path,
        """
        from pathlib import Path

        HELLO = Path(__file__).with_name("hello.py").read_text()

        def test_it(workspace_project, tmp_path):
            assert workspace_project.folder == tmp_path
            assert workspace_project.write("below/hello.py", HELLO) == tmp_path / "below" / "hello.py"
            workspace = workspace_project.load("load_from: [{python_file: below/hello.py}]")
            assert workspace.wait(30)
            assert [location.state.value for location in workspace] == ["READY"]
        """,
    )
    assert answer.returncode == 0, answer.stdout


def test_what_a_test_leaves_behind_fails_it(tmp_path: Path) -> None:
    answer = _pytest(
        tmp_path,
        """
        import os, threading
        import skerry.testing.leftovers

        def test_it(workspace_project, monkeypatch):
            skerry.testing.leftovers.PATIENCE = 0.2
            os.pipe()
            threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()
        """,
    )
    assert answer.returncode == 1
    assert "left behind: thread 'forgotten', 2 open files" in answer.stdout


def test_a_project_that_does_not_use_it_imports_nothing_of_it(tmp_path: Path) -> None:
    answer = _pytest(
        tmp_path,
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.split(".")[0] == "skerry"}
            assert ours == {"skerry", "skerry.lazily", "skerry.testing", "skerry.testing.pytest_plugin"}
            assert not {"yaml", "jsonschema", "psutil"} & set(sys.modules)
        """,
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_what_pytest_imports_at_its_start_can_be_read_by_every_interpreter(version: str) -> None:
    package = Path(skerry.__file__).parent / "testing"
    program = "import sys; sys.path[:0] = sys.argv[1:2]; import skerry.testing\n"
    program += "compile(open(sys.argv[2]).read(), '', 'exec')"
    command = [interpreter(version), "-c", program, str(package.parents[1]), str(package / "pytest_plugin.py")]
    subprocess.run(command, check=True, timeout=30)
