"""``skerry types`` in a process of its own."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from support.commands import skerry
from support.plugins import NOTEBOOK, QUEUE, install, install_launcher

import skerry as package


def test_each_type_is_shown_with_its_distribution_and_keys(tmp_path: Path) -> None:
    install(tmp_path / "site", "notebook", NOTEBOOK)
    result = skerry(tmp_path, "types", PYTHONPATH=str(tmp_path / "site"))
    assert (result.returncode, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    start = lines.index("notebook A notebook skerry-notebook 1.5")
    assert lines[start + 1 : start + 5] == [
        "file: string required",
        "cells: integer",
        "location_name: string",
        "startup_timeout: number default 180",
    ]
    assert f"python_file A Python file skerry {package.__version__}" in lines
    assert "How many cells to run." not in result.stdout


def test_keys_are_described_when_asked(tmp_path: Path) -> None:
    install(tmp_path / "site", "notebook", NOTEBOOK)
    result = skerry(tmp_path, "types", "-v", PYTHONPATH=str(tmp_path / "site"))
    assert "  cells: integer  minimum 1\n    How many cells to run.\n" in result.stdout
    assert "Load the repositories of a notebook." in result.stdout


def test_what_is_deprecated_says_what_to_use(tmp_path: Path) -> None:
    lines = skerry(tmp_path, "types").stdout.splitlines()
    (row,) = (number for number, line in enumerate(lines) if line.startswith("python_module "))
    assert lines[row + 1].startswith("  deprecated: use python_package for installed code")


@pytest.mark.parametrize("source", ["raise RuntimeError('no kernel')", "import sys; sys.exit('no kernel')"])
def test_a_broken_plugin_is_shown_with_its_error_beside_the_others(tmp_path: Path, source: str) -> None:
    install(tmp_path / "site", "notebook", source)
    result = skerry(tmp_path, "types", PYTHONPATH=str(tmp_path / "site"))
    assert (result.returncode, result.stderr) == (0, "")
    assert "'notebook' (skerry-notebook 1.5) cannot be used" in result.stdout
    assert "no kernel" in result.stdout
    assert "  relative_path: string  required" in result.stdout


def test_a_distribution_that_is_installed_twice_is_reported(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "notebook", NOTEBOOK)
    left_over = site / "skerry_notebook-1.4.dist-info"
    shutil.copytree(site / "skerry_notebook-1.5.dist-info", left_over)
    (left_over / "METADATA").write_text("Metadata-Version: 2.1\nName: skerry-notebook\nVersion: 1.4\n")
    result = skerry(tmp_path, "types", PYTHONPATH=str(site))
    assert result.returncode == 0
    assert result.stderr.startswith("warning: skerry-notebook is installed twice in ")
    assert result.stderr.count("\n") == 1
    (warning,) = json.loads(skerry(tmp_path, "types", "--json", PYTHONPATH=str(site)).stdout)["warnings"]
    assert {"1.4", "1.5"} <= set(re.findall(r"\d\.\d", warning))


def test_run_launchers_are_shown_below_the_types_with_their_options(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install_launcher(site, "queue", QUEUE, "Queue")
    install_launcher(site, "wreck", "raise RuntimeError('no cluster')", "Wreck")
    result = skerry(tmp_path, "types", PYTHONPATH=str(site))
    assert (result.returncode, result.stderr) == (0, "")
    types, _, launchers = result.stdout.partition("\nrun launchers\n")
    assert "python_file" in types
    lines = [" ".join(line.split()) for line in launchers.splitlines()]
    assert f"process A process beside the location's code skerry {package.__version__}" in lines
    start = lines.index("queue A queue skerry-queue 1.5")
    assert lines[start + 1 : start + 3] == ["name: string required", "size: integer"]
    assert "'wreck' (skerry-wreck 1.5) cannot be used: RuntimeError: no cluster" in launchers


def test_help_needs_no_plugin(tmp_path: Path) -> None:
    install(tmp_path / "site", "notebook", "raise SystemExit('no kernel')")
    for arguments in (["--help"], ["types", "--help"], ["check", "--help"]):
        result = skerry(tmp_path, *arguments, PYTHONPATH=str(tmp_path / "site"))
        assert (result.returncode, result.stderr) == (0, "")


def test_json_holds_the_same(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "notebook", NOTEBOOK)
    install(site, "sheet", "raise RuntimeError('no kernel')")
    result = skerry(tmp_path, "types", "--json", PYTHONPATH=str(site))
    assert (result.returncode, result.stderr) == (0, "")
    types = {one["key"]: one for one in json.loads(result.stdout)["types"]}
    notebook = types["notebook"]
    assert (notebook["distribution"], notebook["shorthand"], notebook["error"]) == ("skerry-notebook 1.5", "file", None)
    assert [(one["name"], one["required"]) for one in notebook["options"][:2]] == [("file", True), ("cells", False)]
    assert notebook["options"][1]["schema"]["description"] == "How many cells to run."
    assert "no kernel" in types["sheet"]["error"]
    assert types["sheet"]["options"] == []
    assert "python_package" in types["python_module"]["deprecated"]


def test_json_holds_the_run_launchers_beside_the_types(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install_launcher(site, "queue", QUEUE, "Queue")
    install_launcher(site, "wreck", "raise RuntimeError('no cluster')", "Wreck")
    answer = json.loads(skerry(tmp_path, "types", "--json", PYTHONPATH=str(site)).stdout)
    assert not {"queue", "process"} & {one["key"] for one in answer["types"]}
    launchers = {one["key"]: one for one in answer["launchers"]}
    queue = launchers["queue"]
    assert (queue["distribution"], queue["summary"], queue["error"]) == ("skerry-queue 1.5", "A queue", None)
    assert queue["description"] == "Have runs executed one by one."
    assert [(one["name"], one["required"]) for one in queue["options"][:2]] == [("name", True), ("size", False)]
    assert launchers["process"]["options"] == []
    assert "no cluster" in launchers["wreck"]["error"]
