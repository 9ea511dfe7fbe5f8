"""``run_launcher``: which run launcher, and its options, checked as those of an entry are."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.plugins import QUEUE, install_launcher

from skerry.plugin.registry import Registry
from skerry.workspace_file import ChosenLauncher, WorkspaceDescription, read_workspace_files

Write = Callable[[str, str], Path]
Read = Callable[[str], WorkspaceDescription]

ENTRY = "load_from: [python_file: hello.py]\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in which the launcher ``queue`` is installed."""
    folder = tmp_path / "site"
    install_launcher(folder, "queue", QUEUE, "Queue")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "skerry_queue", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def read(site: Path, write: Write) -> Read:
    """Read a workspace file of one good entry, from its second line on."""

    def read_rest(rest: str) -> WorkspaceDescription:
        write("workspace.yaml", ENTRY + rest)
        description = read_workspace_files([Path("workspace.yaml")], Registry())
        assert [entry.origin is not None for entry in description.entries] == [True], "it costs no location"
        return description

    return read_rest


def chosen(description: WorkspaceDescription) -> ChosenLauncher:
    assert description.run_launcher is not None
    assert description.run_launcher.problems == description.problems
    return description.run_launcher


def place(column: int) -> dict[str, Any]:
    return {"file": "workspace.yaml", "line": 2, "column": column}


def test_without_the_key_no_launcher_is_chosen_and_none_is_imported(read: Read, site: Path) -> None:
    assert read("").run_launcher is None
    assert chosen(read("run_launcher: process")) == ChosenLauncher("process", {}, **place(15))
    assert "skerry_queue" not in sys.modules
    read("run_launcher: queue")
    assert "skerry_queue" in sys.modules


def test_a_key_alone_and_a_key_with_options_are_read(read: Read) -> None:
    assert chosen(read("run_launcher: {process: {}}")) == ChosenLauncher("process", {}, **place(16))
    assert chosen(read("run_launcher: {queue: {name: jobs, size: 3}}")) == ChosenLauncher(
        "queue", {"name": "jobs", "size": 3}, **place(16)
    )


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        (
            "run_launcher: proces",
            "proces",
            "2:15: error: Unknown run launcher `proces`.\n  Did you mean `process`? Installed run launchers: {keys}.",
        ),
        (
            "run_launcher:\n  quue: {name: jobs}",
            "quue",
            "3:3: error: Unknown run launcher `quue`.\n  Did you mean `queue`? Installed run launchers: {keys}.",
        ),
        (
            "run_launcher:\n  queue:\n    name: jobs\n    sise: 3",
            "queue",
            "5:5: error: Unknown key `sise` under `queue`.\n"
            "  Did you mean `size`? Known keys: `name`, `size`, `password`, `env`, `refuse`, `fail`, `record`.",
        ),
        (
            "run_launcher:\n  process:\n    network: jobs",
            "process",
            "4:5: error: Unknown key `network` under `process`.\n  Remove it.",
        ),
        (
            "run_launcher:\n  queue:\n    name: jobs\n    size: '3'",
            "queue",
            "5:11: error: `size` must be a whole number; `3` is a string.\n  Remove the quotes.",
        ),
        (
            "run_launcher:\n  queue:\n    name: jobs\n    size: 0",
            "queue",
            "5:11: error: `size` must be at least 1, and is 0.\n  Write a number that is at least 1.",
        ),
        (
            "run_launcher: queue",
            "queue",
            "2:15: error: `queue` needs the key `name`.\n  Add it, for example `name: jobs`.",
        ),
        (
            "run_launcher:\n  queue: jobs",
            "queue",
            "3:10: error: `queue` takes a mapping of options; this is a string.\n"
            "  Write its options indented below; required: `name`.",
        ),
        (
            "run_launcher:\n  queue:",
            "queue",
            "3:9: error: There is nothing under `queue`.\n  Write its options indented below; required: `name`.",
        ),
        (
            "run_launcher:\n  process:",
            "process",
            "3:11: error: There is nothing under `process`.\n"
            "  Write its options indented below, or `run_launcher: process` if it is to have none.",
        ),
        (
            "run_launcher:\n  queue:\n  name: jobs",
            "queue",
            "4:3: error: `name` stands beside `queue`, and belongs under it.\n  Indent it below `queue:`.",
        ),
        (
            "run_launcher:\n  queue: {name: jobs}\n  process: {}",
            "",
            "4:3: error: `run_launcher` names several: `queue`, `process`.\n  Remove all but one of them.",
        ),
        (
            "run_launcher:",
            "",
            "2:14: error: `run_launcher` has no value; it must be a string or a mapping.\n"
            "  Give it a value, or remove the line.",
        ),
        (
            "run_launcher: [process]",
            "",
            "2:15: error: `run_launcher` must be a string or a mapping, and is a list.\n  Write a string or a mapping.",
        ),
        (
            "run_launcher: {}",
            "",
            "2:15: error: `run_launcher` must not be empty.\n  Give it a value, or remove it.",
        ),
        (
            "run_launcher: process\nrun_launcher: queue",
            "process",
            "3:1: error: The key `run_launcher` is here twice: first on line 2.\n  Remove one of them.",
        ),
        (
            "run_launcher: 2021-11-30",
            "",
            "2:15: error: `2021-11-30` is a date, which no option takes.\n  Put it in quotes if it is text.",
        ),
        (
            "run_launcher:\n  queue:\n    name: ${SKERRY_EXAMPLE_UNSET}",
            "queue",
            "4:11: error: The environment variable `SKERRY_EXAMPLE_UNSET` is not set.\n"
            "  Set it before Skerry starts, or give a default: `${SKERRY_EXAMPLE_UNSET:-default}`.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_costs_no_location(read: Read, text: str, key: str, told: str) -> None:
    found = chosen(read(text))

    keys = ", ".join(f"`{one}`" for one in Registry().launcher_keys)
    assert [str(problem) for problem in found.problems] == [f"workspace.yaml:{told.replace('{keys}', keys)}"]
    assert [problem.location for problem in found.problems] == [None]
    assert (found.key, found.options) == (key, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("run_launcher: proces", "UNKNOWN_RUN_LAUNCHER"),
        ("run_launcher: {queue: {name: jobs}, process: {}}", "SEVERAL_RUN_LAUNCHERS"),
    ],
)
def test_what_only_a_launcher_can_have_wrong_has_codes_of_its_own(read: Read, text: str, code: str) -> None:
    assert [problem.code for problem in read(text).problems] == [code]


def test_a_launcher_whose_plugin_is_broken_is_told_in_the_words_of_that(read: Read, site: Path) -> None:
    install_launcher(site, "wreck", "raise RuntimeError('no cluster')", "Wreck")
    (problem,) = chosen(read("run_launcher: wreck")).problems

    assert (problem.code, problem.line, problem.column) == ("PLUGIN_BROKEN", 2, 15)
    assert "The run launcher 'wreck' (skerry-wreck 1.5) cannot be used: RuntimeError: no cluster" in problem.message
    assert problem.hint == "Mend or uninstall the plugin; what does not use it is not affected."


def test_a_schema_that_is_none_is_a_defect_of_the_plugin(read: Read, site: Path) -> None:
    source = QUEUE.replace('"queue"', '"wrong"').replace('"type": "integer"', '"type": "intgeer"')
    install_launcher(site, "wrong", source, "Queue")
    (problem,) = chosen(read("run_launcher: {wrong: {name: jobs, size: 3}}")).problems

    assert (problem.code, problem.line, problem.column) == ("PLUGIN_FAILED", 2, 16)
    assert problem.message.startswith("The run launcher `wrong` (skerry-wrong 1.5) failed in its schema: UnknownType")


def test_a_launcher_that_is_installed_twice_is_a_warning_where_it_is_named(read: Read, site: Path) -> None:
    (site / "skerry_queue-1.4.dist-info").mkdir()
    for name in ("METADATA", "entry_points.txt"):
        text = (site / "skerry_queue-1.5.dist-info" / name).read_text().replace("Version: 1.5", "Version: 1.4")
        (site / "skerry_queue-1.4.dist-info" / name).write_text(text)
    found = chosen(read("run_launcher: {queue: {name: jobs}}"))

    assert [(problem.code, problem.line) for problem in found.problems] == [("PLUGIN_INSTALLED_TWICE", 2)]
    assert (found.errors, found.options) == ((), {"name": "jobs"})
    assert read("").problems == ()


def test_secrets_are_kept_as_references_and_shown_nowhere(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret-of-then")
    monkeypatch.setenv("SIZE", "3")
    found = chosen(
        read(
            "run_launcher:\n  queue:\n    name: jobs-${SIZE}\n    size: ${SIZE}\n    password: hunter2\n"
            "    env: {TOKEN: '${TOKEN}', OTHER: {env: TOKEN}}\n"
        )
    )
    assert found.options is not None
    assert {name: found.options[name] for name in ("name", "size", "env")} == {
        "name": "jobs-3",
        "size": "${SIZE}",
        "env": {"TOKEN": "${TOKEN}", "OTHER": "${TOKEN}"},
    }
    assert not [one for one in ("s3cret", "hunter2") if one in json.dumps(found.options) + repr(found)]


def test_a_secret_that_is_wrong_is_not_shown(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIZE", "s3cret")
    problems = chosen(
        read("run_launcher: {queue: {name: jobs, size: '${SIZE}', password: [hunter2], env: {A: 1}}}")
    ).problems

    assert len(problems) == 3
    assert not [one for one in ("s3cret", "hunter2") if one in str(problems)]
    (problem,) = chosen(read("run_launcher: {queue: {name: jobs, password: hunter2, hunter2: 1}}")).problems
    assert problem.message == "Unknown key `***` under `queue`."


def test_of_several_files_the_last_that_has_the_key_counts_whole(site: Path, write: Write) -> None:
    files = [
        write("base.yaml", ENTRY + "run_launcher: {queue: {nam: jobs}}\n"),
        write("local.yaml", ENTRY + "run_launcher: process\n"),
        write("last.yaml", "load_from: [python_file: other.py]\n"),
    ]
    description = read_workspace_files([Path(file.name) for file in files], Registry())

    assert description.run_launcher is not None
    assert (description.run_launcher.key, description.run_launcher.options) == ("process", {})
    told = [str(problem) for problem in description.problems if problem.code != "LOCATION_OVERRIDDEN"]
    assert told == [
        "local.yaml:2:15: warning: This overrides the `run_launcher` of base.yaml:2.\n"
        "  Remove one of the two if that is not meant."
    ]
    assert [problem.code for problem in description.problems][-1] == "RUN_LAUNCHER_OVERRIDDEN"


def test_aliases_that_grow_without_end_are_refused(read: Read) -> None:
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    description = read("run_launcher:\n  queue: {" + ", ".join(lines) + "}\n")

    assert [problem.code for problem in description.problems] == ["ALIASES_TOO_LARGE"]
    assert description.run_launcher is not None
    assert description.run_launcher.options is None
