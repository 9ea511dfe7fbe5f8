"""Finding plugins: what is broken, left over or there twice is said, is not fatal, and can be switched off."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.location_types import Install, location_type

from skerry import State, Workspace
from skerry.errors import PluginError
from skerry.model import Severity
from skerry.plugin.registry import Registry

Load = Callable[[str], Workspace]

TWO = "load_from:\n  - plain: hello.py\n  - python_file: {relative_path: hello.py, location_name: ok}"


def error_beside_a_good_one(load: Load) -> str:
    workspace = load(TWO)
    assert workspace.wait(30)
    assert workspace["ok"].state is State.READY
    bad = next(location for location in workspace if location.name != "ok")
    assert bad.error is not None
    return bad.error.message


def test_metadata_whose_module_is_gone_says_what_to_do(install: Install, load: Load, hello: Path, site: Path) -> None:
    install("plain", "")
    (site / "skerry_plain.py").unlink()
    error = error_beside_a_good_one(load)
    assert "No module named 'skerry_plain'; only its metadata is left" in error
    assert "pip uninstall skerry-plain" in error


def test_a_dependency_that_is_missing_is_not_taken_for_left_over_metadata(
    install: Install, load: Load, hello: Path
) -> None:
    install("plain", "import a_dependency")
    error = error_beside_a_good_one(load)
    assert "No module named 'a_dependency'" in error
    assert "metadata" not in error


def test_a_distribution_without_metadata_can_be_used(install: Install, load: Load, hello: Path) -> None:
    (install("plain", location_type()) / "METADATA").unlink()
    workspace = load(TWO)
    assert workspace.wait(30)
    assert {location.state for location in workspace} == {State.READY}


def test_a_distribution_that_is_there_twice_is_used_and_reported_once(
    install: Install, load: Load, hello: Path, site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    install("plain", location_type(), version="1.5")
    install("plain", location_type(), version="1.6")
    workspace = load(f"{TWO}\n  - plain: {{file: hello.py, location_name: again}}")
    assert workspace.wait(30)
    assert {location.state for location in workspace} == {State.READY}
    (problem,) = workspace.problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "PLUGIN_INSTALLED_TWICE")
    assert (problem.location, problem.line, problem.column) == ("hello.py", 2, 5)
    used, other = re.findall(r"1\.[56]", problem.message)
    assert problem.message == f"skerry-plain is installed twice in {site}: {used}, which is used, and {other}."
    assert Registry().distribution("plain") == f"skerry-plain {used}"
    assert problem.hint == "Run `pip uninstall skerry-plain` until none is left, and install it again."
    assert capfd.readouterr().err == ""


def test_an_unused_distribution_that_is_there_twice_is_not_the_workspaces_matter(
    install: Install, load: Load, hello: Path
) -> None:
    install("plain", location_type(), version="1.5")
    install("plain", location_type(), version="1.6")
    assert load("load_from: [python_file: hello.py]").problems == ()


def test_one_environment_over_another_is_no_reason_for_a_warning(
    install: Install, tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "below"
    install("plain", location_type(), version="1.4").rename(site / "moved")
    below.mkdir()
    (site / "moved").rename(below / "skerry_plain-1.4.dist-info")
    monkeypatch.setattr(sys, "path", [*sys.path, str(below), str(site)])
    install("plain", location_type(), version="1.5")
    registry = Registry()
    assert registry.warnings == ()
    assert registry.distribution("plain") == "skerry-plain 1.5"


@pytest.mark.parametrize("name", ["plain", "skerry-plain", " other, Skerry_Plain "])
def test_a_plugin_can_be_disabled_by_key_or_distribution(
    name: str, install: Install, load: Load, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("plain", f"open({str(tmp_path / 'imported')!r}, 'w')")
    monkeypatch.setenv("SKERRY_DISABLED_PLUGINS", name)
    assert error_beside_a_good_one(load).endswith("it is disabled.\n  Remove it from SKERRY_DISABLED_PLUGINS.")
    assert not (tmp_path / "imported").exists()


def test_imports_of_plugins_can_be_traced(
    install: Install, load: Load, hello: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    install("plain", "raise RuntimeError")
    install("unused", "")
    monkeypatch.setenv("SKERRY_TRACE_PLUGINS", "1")
    error_beside_a_good_one(load)
    lines = capfd.readouterr().err.splitlines()
    traced = [
        line.removeprefix("skerry plugins: ").rpartition(", ")[0]
        for line in lines
        if line.startswith("skerry plugins: ")
    ]
    assert traced[0].endswith(" keys found")
    assert "plain: skerry_plain (skerry-plain 1.5)" in traced
    assert any(line.startswith("python_file: skerry_python_file (skerry ") for line in traced)
    assert not any("unused" in line for line in traced)


def test_nothing_is_traced_unasked(
    install: Install, load: Load, hello: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    install("plain", location_type())
    assert load(TWO).wait(30)
    assert capfd.readouterr().err == ""


def test_a_plugin_that_imports_slowly_delays_only_those_who_need_it(install: Install) -> None:
    source = """
    import threading
    import slow_gate
    slow_gate.reached.set()
    assert slow_gate.open.wait(30)
    """
    gate = type(sys)("slow_gate")
    gate.reached, gate.open = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    sys.modules["slow_gate"] = gate
    install("slow", source)
    install("plain", location_type())
    registry = Registry()
    answers: list[str] = []

    def get_slow() -> None:
        try:
            registry.get("slow")
        except PluginError as error:
            answers.append(error.key)

    threads = [threading.Thread(target=get_slow) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert gate.reached.wait(10)
    assert registry.get("plain").key == "plain"
    assert answers == []
    gate.open.set()
    for thread in threads:
        thread.join(10)
    assert answers == ["slow", "slow"]
    del sys.modules["slow_gate"]


def test_many_other_distributions_cost_nothing_but_their_reading(tmp_path: Path) -> None:
    for number in range(500):
        folder = tmp_path / f"package_{number}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: package-{number}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[console_scripts]\ncommand-{number} = package_{number}:main\n")
    program = f"""
import sys, time
sys.path.append({str(tmp_path)!r})
from skerry.plugin.registry import Registry
Registry()
began = time.process_time()
assert "python_file" in Registry().keys
print(time.process_time() - began)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert float(answer.stdout) < 0.5  # the benchmark has the true figure; this is ten times as much
