"""README.md: what it shows of a workspace and of a plugin is true."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from support.commands import skerry
from support.interpreters import make_environment
from support.pages import ROOT, blocks, read

PAGE = read("README.md")

REPOSITORIES = """
from skerry import pipeline, repository, solid

@solid
def invoice():
    pass

@pipeline
def invoices():
    invoice()

@repository
def sales():
    return [invoices]
"""


def test_the_workspace_file_is_the_one_in_the_picture(folder: Path) -> None:
    first_look = folder / "examples" / "first_look" / "workspace.yaml"
    (block,) = blocks(PAGE, "yaml")
    assert block.text.strip() == first_look.read_text().strip()
    assert len(block.text.strip().splitlines()) == 6
    answer = subprocess.run(
        [sys.executable, "-m", "skerry", "inspect"],
        cwd=first_look.parent,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    picture = html.unescape((ROOT / "docs" / "images" / "inspect.svg").read_text()).replace("\xa0", " ")
    words = re.sub(r"[^\w./:']+", " ", re.sub(r"<[^>]*>", " ", picture)).split()
    versions = re.compile(r"\d+\.\d+\.\d+|\d+")  # of interpreters and of times
    printed = re.sub(r"[^\w./:']+", " ", answer.stdout).split()
    assert {word for word in printed if not versions.fullmatch(word)} - set(words) <= {"IMAGE"}


def test_the_run_that_it_names_succeeds(folder: Path) -> None:
    (pipeline,) = re.findall(r"`skerry run (\w+)`", PAGE)
    answer = skerry(folder / "examples" / "first_look", "run", pipeline)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_location_type_works_as_it_stands_there(tmp_path: Path) -> None:
    (code,), (project,) = blocks(PAGE, "python"), blocks(PAGE, "toml")
    assert len([line for line in code.text.splitlines() if line]) <= 16
    (entry_points,) = tomllib.loads(project.text)["project"]["entry-points"].values()
    ((key, module),) = entry_points.items()
    site = tmp_path / "site"
    information = site / "team_plugin-1.0.dist-info"
    information.mkdir(parents=True)
    (site / f"{module}.py").write_text(code.text)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: team-plugin\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[skerry.plugins]\n{key} = {module}\n")

    python = make_environment(tmp_path / "sales" / ".venv", "{}.{}".format(*sys.version_info[:2]))
    (tmp_path / "sales" / "repositories.py").write_text(REPOSITORIES)
    (tmp_path / "workspace.yaml").write_text(f"load_from:\n  - {key}: sales\n")
    answer = subprocess.run(
        [sys.executable, "-m", "skerry", "inspect", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (location,) = json.loads(answer.stdout)["locations"]
    assert (location["name"], location["type"], location["state"]) == ("sales", "team", "READY"), location["error"]
    assert location["server"]["executable"] == str(python)
    assert [repository["name"] for repository in location["repositories"]] == ["sales"]


def test_it_fits_on_a_screen() -> None:
    assert len(PAGE.splitlines()) <= 80
