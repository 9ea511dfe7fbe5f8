"""``skerry inspect --explain`` says what to preload, where that is worth a line in the workspace file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.commands import skerry
from support.packages import PackageEnvironment
from support.workspace_states import location, page, shown

from skerry.console.proposals import WORTH_SECONDS, WORTH_SIZE, Proposal, propose
from skerry.console.render.explain import render_proposals
from skerry.model import Explanation, ImportCost, LocationState

#: Takes its time with the processor, and 30 MB.
BULKY = """
import time
until = time.thread_time() + 0.25
while time.thread_time() < until:
    pass
MEMORY = bytearray(b"x" * 30_000_000)
"""
CODE = "import {imports}\nfrom skerry import pipeline\n\n@pipeline\ndef works():\n    pass\n"


def importing(
    name: str, *costs: tuple[str, float, int], python: str = "/srv/bin/python", preloaded: tuple[str, ...] = ()
) -> LocationState:
    imports = tuple(ImportCost(*cost) for cost in costs)
    explanation = Explanation(python, "3.11.7", "/srv", (), "sales", None, preloaded=preloaded, imports=imports)
    return location(name, explanation=explanation)


def proposed(*states: LocationState) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(one.modules, one.locations) for one in propose(states)]


@pytest.fixture
def environment(tmp_path: Path) -> PackageEnvironment:
    return PackageEnvironment(tmp_path / "environment")


def inspect(folder: Path, environment: PackageEnvironment, preload: str = "", start: str = "fork") -> str:
    entry = "  - python_file: {{relative_path: {}.py, executable_path: {}, start: {}{}}}\n"
    names = ("one", "two", "three")
    text = "".join(entry.format(name, environment.python, start, preload and f", preload: {preload}") for name in names)
    (folder / "workspace.yaml").write_text("load_from:\n" + text)
    result = skerry(folder, "inspect", "--explain")
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_what_several_locations_import_is_proposed_with_what_it_would_save(
    tmp_path: Path, environment: PackageEnvironment
) -> None:
    environment.install("bulky", BULKY)
    environment.install("brings", "import bulky\n")
    for name, imports in (("one", "brings"), ("two", "brings, json"), ("three", "helper")):
        (tmp_path / f"{name}.py").write_text(CODE.format(imports=imports))
    environment.install("helper", "")
    *_, line, saved = inspect(tmp_path, environment).splitlines()
    matched = re.fullmatch(
        r"2 locations of environment/bin/python each spend about (\S+) s and (\d+) MB importing brings: "
        r"add `preload: \[brings\]` to them",
        line,
    )
    assert matched, line
    assert 0.2 <= float(matched[1]) < 1
    assert 28 <= int(matched[2]) < 40
    assert saved == f"  It would save about {matched[1]} s and {matched[2]} MB. They are one.py, two.py."
    followed = inspect(tmp_path, environment, "[brings]")
    assert "add `preload" not in followed
    assert len(re.findall(r"^  preloaded +brings$", followed, re.MULTILINE)) == 3


def test_who_asks_for_a_module_in_vain_is_not_told_to_ask_for_it(
    tmp_path: Path, environment: PackageEnvironment
) -> None:
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    environment.install("bulky", BULKY + threads)
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.py").write_text(CODE.format(imports="bulky"))
    told = inspect(tmp_path, environment, "[bulky]")
    assert told.count("warning: bulky is not preloaded: importing it starts threads") == 3
    assert "each spend" not in told


def test_nothing_is_proposed_to_interpreters_that_start_afresh(tmp_path: Path, environment: PackageEnvironment) -> None:
    environment.install("bulky", BULKY)
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.py").write_text(CODE.format(imports="bulky"))
    assert "each spend" not in inspect(tmp_path, environment, start="fresh")


def test_measuring_leaves_no_trace_in_an_error(tmp_path: Path, environment: PackageEnvironment) -> None:
    environment.install("library", "def work():\n    import wrong\n")
    environment.install("wrong", "1 / 0\n")
    (tmp_path / "code.py").write_text("import library\nlibrary.work()\n")
    (tmp_path / "workspace.yaml").write_text(
        f"load_from: [{{python_file: {{relative_path: code.py, executable_path: {environment.python}}}}}]\n"
    )
    plain = skerry(tmp_path, "inspect", "-v").stdout
    explained = skerry(tmp_path, "inspect", "--explain", "-v").stdout
    error = re.search(r"^  ZeroDivisionError.*?(?=^1 location)", plain, re.MULTILINE | re.DOTALL)
    assert error is not None
    assert "wrong.py:1" in error[0]
    assert error[0] in explained


def test_little_is_not_worth_a_line() -> None:
    little = ("pandas", WORTH_SECONDS * 0.9, int(WORTH_SIZE * 0.9))
    assert proposed(importing("a", little), importing("b", little)) == []
    slow, large = ("pandas", WORTH_SECONDS, 0), ("pandas", 0.0, WORTH_SIZE)
    assert proposed(importing("a", slow), importing("b", large)) == [(("pandas",), ("a", "b"))]


def test_one_location_has_nothing_to_share() -> None:
    cost = ("pandas", 1.0, 0)
    assert proposed(importing("a", cost), importing("b", cost, python="/other/python"), location("c")) == []


def test_packages_of_the_same_locations_are_one_line_and_the_most_expensive_leads() -> None:
    pandas, torch, scipy = ("pandas", 0.5, 0), ("torch", 3.0, 0), ("scipy", 0.6, 0)
    states = (importing("a", pandas, scipy, torch), importing("b", pandas, scipy, torch), importing("c", scipy))
    assert proposed(*states) == [(("torch", "pandas"), ("a", "b")), (("scipy",), ("a", "b", "c"))]


def test_the_modules_that_cost_much_are_named_rather_than_their_packages() -> None:
    costs = (("plots", 0.1, 0), ("plots.draw", 0.5, 0), ("plots.colours", 0.01, 0))
    assert proposed(importing("a", *costs), importing("b", *costs)) == [(("plots.draw",), ("a", "b"))]


def test_a_proposal_fits_on_the_page() -> None:
    proposal = Proposal("/srv/bin/python", ("pandas",), ("sales", "billing"), 0.5, 41_000_000, more=True)
    text = " ".join(" ".join(shown(render_proposals([proposal], page(60)), page(60))).split())
    assert text == (
        "2 locations of /srv/bin/python each spend about 0.5 s and 41 MB importing pandas: add pandas to their "
        "`preload` It would save about 0.5 s and 41 MB. They are sales, billing."
    )
