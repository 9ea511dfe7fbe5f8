"""``skerry plugin new``: the project installs and passes its tests; the guide is enough to change it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from support.pages import blocks, read, section, table

from skerry.console import cli
from skerry.console.plugin import new


def _new(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["plugin", "new", *arguments])


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Give the interpreter of a fresh environment that sees this one's packages, and may install its own."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    ours = sysconfig.get_path("purelib")
    (site_packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return folder / "bin" / "python"


def _run(python: Path, folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    answer = subprocess.run(
        [str(python), "-m", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def _install(python: Path, project: Path) -> None:
    _run(python, project, "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "-e", ".")


def test_a_new_project_passes_its_own_tests(tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = _new("team_folder")
    assert result.exit_code == 0, result.output
    assert "wrote skerry-team-folder/skerry_team_folder/__init__.py" in result.output
    assert "cd skerry-team-folder\n  pip install --group dev --editable .\n  python -m pytest\n" in result.output
    project = tmp_path / "skerry-team-folder"
    _install(python, project)
    assert "4 passed" in _run(python, project, "pytest", "-q", "-W", "error")
    code = (project / "skerry_team_folder" / "__init__.py").read_text().splitlines()
    assert len([line for line in code if line.strip()]) < 60


def test_a_type_written_from_the_guide_alone_works(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = read("docs/plugin-guide.md")
    start = section(page, "## Start a plugin")
    (name,) = re.findall(r"^\$ skerry plugin new (\w+)$", start, re.MULTILINE)
    assert _new(name).exit_code == 0
    written = [block for block in blocks(start + section(page, "## Test it")) if block.file]
    for block in written:
        path = tmp_path / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
    project = tmp_path / f"skerry-{name.replace('_', '-')}"
    _install(python, project)
    assert "passed" in _run(python, project, "pytest", "-q", "-W", "error")
    answer = json.loads(_run(python, tmp_path / "try_it", "skerry", "inspect", "--json"))
    (location,) = answer["locations"]
    assert (location["state"], location["type"], location["name"]) == ("READY", name, "sales")
    assert [repository["name"] for repository in location["repositories"]] == ["sales_repository"]


def test_the_page_has_every_option() -> None:
    told = table(section(read("docs/cli.md"), "### skerry plugin new"))
    options = [one.opts for one in new.params if isinstance(one, click.Option)]
    assert [[row[0].strip("`").split()[0]] for row in told[:-1]] == options


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Team-Folder", "with a letter: team_folder."),
        ("teamFolder", "with a letter: team_folder."),
        ("../team", "with a letter: team."),
        ("2teams", "beginning with a letter."),
        ("", "beginning with a letter."),
        ("class", "'class' cannot be the key"),
        ("t" * 41, "41 characters long"),
        ("python_file", "taken by skerry "),
    ],
)
def test_a_name_that_cannot_be_a_key_is_refused(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _new(name)
    assert result.exit_code == 2
    assert words in result.output
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "project" / "pyproject.toml"
    mine.parent.mkdir()
    mine.write_text("mine")
    result = _new("team_folder", "--folder", str(mine.parent))
    assert result.exit_code == 2
    assert f"{mine.parent} is there already, and nothing is overwritten." in result.output
    assert [path.name for path in mine.parent.iterdir()] == ["pyproject.toml"]
    assert mine.read_text() == "mine"


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    assert _new("team_folder", "--folder", str(tmp_path)).exit_code == 0
    assert (tmp_path / "skerry_team_folder" / "__init__.py").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = _new("team_folder", "--folder", str(tmp_path / "file" / "below"))
    assert result.exit_code == 1
    assert f"{tmp_path / 'file' / 'below'} cannot be written: Not a directory." in result.output
