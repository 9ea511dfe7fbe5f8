"""``skerry runs``: what was run, found, shown, run again and removed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import skerry
from support.screen import screen

CHILDREN = Path(__file__).parent.parent / "children"

STEPS = """
from pathlib import Path
from skerry import pipeline, solid

def note(name):
    with open("ran", "a") as file:
        file.write(name + "\\n")

@solid
def first():
    note("first")
    return 20

@solid
def second(x):
    note("second")
    if not Path("mended").exists():
        raise ValueError("not mended")
    return x + 1

@solid
def third(y):
    note("third")
    print("the answer is", y * 2)

@pipeline
def steps():
    third(second(first()))
"""

TRIED = """
from skerry import RetryPolicy, SolidExecutionContext, pipeline, solid

@solid(retry_policy=RetryPolicy(max_retries=2))
def hang_up(context: SolidExecutionContext):
    context.log.warning("attempt %s\\nin two lines", context.retry_number)
    try:
        {}["key"]
    except KeyError:
        context.log.exception("looked up")
    if context.retry_number < 2:
        raise ValueError("the far side has hung up")

@pipeline
def tried():
    hang_up()
"""

LONG = """
from skerry import pipeline, solid

@solid(config_schema={"type": "array"})
def take(context):
    pass

@pipeline
def long():
    take()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(CHILDREN / "runs.py", tmp_path)
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "workspace.yaml").write_text("load_from:\n  - python_file: runs.py\n  - python_file: steps.py\n")
    return tmp_path


@pytest.fixture
def three(folder: Path) -> Path:
    """Give a folder in which three runs were made: two that have succeeded, and then one that has failed."""
    for number, selector in enumerate(["runs.py/runs/daily", "runs.py/others/daily", "steps"]):
        skerry(folder, "run", selector, "--run-id", f"run-{number}", "--tag", f"number={number}")
    return folder


def ids(folder: Path, *arguments: str) -> list[str]:
    answer = skerry(folder, "runs", "--json", *arguments)
    assert answer.returncode == 0, answer.stderr
    return [record["id"] for record in json.loads(answer.stdout)]


def test_they_are_listed_newest_first(three: Path) -> None:
    answer = skerry(three, "runs")
    assert answer.returncode == 0, answer.stderr
    listed = [line.split() for line in answer.stdout.splitlines()]
    assert [(words[0], words[1], words[-1]) for words in listed] == [
        ("FAILED", "steps.py/steps/steps", "run-2"),
        ("SUCCEEDED", "runs.py/others/daily", "run-1"),
        ("SUCCEEDED", "runs.py/runs/daily", "run-0"),
    ]


def test_as_json_they_are_records(three: Path) -> None:
    answer = skerry(three, "runs", "--json", "--limit", "1")
    (record,) = json.loads(answer.stdout)
    assert {name: record[name] for name in ("id", "status", "location", "repository", "pipeline", "generation")} == {
        "id": "run-2",
        "status": "FAILED",
        "location": "steps.py",
        "repository": "steps",
        "pipeline": "steps",
        "generation": 1,
    }
    assert record["tags"] == {"number": "2"}
    assert record["created_at"] <= record["started_at"] <= record["ended_at"]
    assert (record["image"], record["parent_id"], record["error"]) == (None, None, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--location", "runs.py"], ["run-1", "run-0"]),
        (["--pipeline", "steps"], ["run-2"]),
        (["--status", "FAILED"], ["run-2"]),
        (["--status", "FAILED", "--status", "SUCCEEDED"], ["run-2", "run-1", "run-0"]),
        (["--status", "RUNNING"], []),
        (["--limit", "2"], ["run-2", "run-1"]),
    ],
)
def test_they_are_searched(arguments: list[str], expected: list[str], three: Path) -> None:
    assert ids(three, *arguments) == expected


def test_without_any_that_is_said(folder: Path) -> None:
    assert skerry(folder, "runs").stdout == "no runs\n"
    assert ids(folder) == []


def test_one_is_shown_with_all_that_there_is(three: Path) -> None:
    answer = skerry(three, "runs", "show", "run-2")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("steps.py/steps/steps  FAILED")
    for words in ("first", "succeeded", "second", "failed", "third", "skipped", "second has failed", "not mended"):
        assert words in answer.stdout
    answer = skerry(three, "runs", "show", "run-0")
    assert "one of blue" in answer.stdout
    assert answer.stdout.splitlines()[-2:] == ["printed", "    printed"]
    answer = skerry(three, "runs", "show", "run-9")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "No run of this workspace has the id 'run-9'." in answer.stderr


def test_what_was_asked_for_is_shown_where_it_is_not_the_usual(folder: Path) -> None:
    config = {"solids": {"leave": {"config": {"exit": "exit"}}}}
    options = ["--config-json", json.dumps(config), "--max-concurrency", "2", "--run-id", "mine"]
    answer = skerry(folder, "run", "leaving", "--solid", "one", "--solid", "leave", *options)
    assert answer.returncode == 1, answer.stderr
    shown = skerry(folder, "runs", "show", "mine").stdout
    assert re.search(r"^  launched +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", shown, re.MULTILINE)
    for line in ("  generation  1", "  solids      one, leave", "  at a time   2 solids"):
        assert f"\n{line}\n" in shown
    assert "\nrun config\n    solids:\n      leave:\n        config:\n          exit: exit\n" in shown
    assert "launcher" not in shown


def test_a_long_run_config_is_shown_whole_only_if_wanted(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(LONG)
    config = {"solids": {"take": {"config": [f"line {number}" for number in range(30)]}}}
    answer = skerry(tmp_path, "run", "-f", "long.py", "long", "--run-id", "mine", "--config-json", json.dumps(config))
    assert answer.returncode == 0, answer.stderr
    shown = skerry(tmp_path, "runs", "show", "mine").stdout
    assert "- line 16\n    ... 13 lines more\n" in shown
    assert "- line 29\n" in skerry(tmp_path, "runs", "show", "mine", "-v").stdout


def test_one_is_given_as_json_with_its_events_and_its_output(three: Path) -> None:
    record = json.loads(skerry(three, "runs", "show", "run-0", "--json").stdout)
    (listed,) = (one for one in json.loads(skerry(three, "runs", "--json").stdout) if one["id"] == "run-0")
    assert {name: record[name] for name in listed} == listed
    assert [event["sequence"] for event in record["events"]] == [*range(1, len(record["events"]) + 1)]
    assert record["events"][-1]["type"] == "RUN_SUCCEEDED"
    rest = {name: record[name] for name in record.keys() - listed.keys() - {"events"}}
    assert rest == {
        "run_config": {},
        "solids": [],
        "max_concurrency": 1,
        "launcher": "process",
        "output": "printed\n",
    }


def test_a_run_of_a_file_alone_is_run_again_with_it(tmp_path: Path) -> None:
    (tmp_path / "tried.py").write_text(TRIED)
    assert skerry(tmp_path, "run", "-f", "tried.py", "tried", "--run-id", "mine").returncode == 0
    answer = skerry(tmp_path, "runs", "rerun", "mine", "-f", "tried.py")
    assert answer.returncode == 0, answer.stderr
    assert "hang_up  succeeded" in answer.stdout
    answer = skerry(tmp_path, "runs", "rerun", "mine")
    assert answer.returncode == 2
    assert "name a workspace file with -w, or a Python file with -f" in answer.stderr
    (tmp_path / "workspace.yaml").write_text("load_from: [python_file: runs.py]\n")
    answer = skerry(tmp_path, "runs", "rerun", "mine")
    assert answer.returncode == 2
    assert "is of the location 'tried.py', which is not in this workspace" in answer.stderr


def test_on_a_terminal_there_is_a_time_line(three: Path) -> None:
    with screen(three, "runs", "show", "run-0") as terminal:
        terminal.wait_for("runs.py/runs/daily  SUCCEEDED", "━", "one of blue")
        assert "succeeded" in terminal.line("  add")


def test_what_was_tried_again_and_what_was_warned_of_is_seen_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "tried.py").write_text(TRIED)
    assert skerry(tmp_path, "run", "-f", "tried.py", "tried", "--run-id", "mine").returncode == 0
    shown = skerry(tmp_path, "runs", "show", "mine").stdout
    assert re.search(r"^  hang_up +succeeded +\d+\.\d s +after 2 retries$", shown, re.MULTILINE)
    assert "    hang_up: WARNING  attempt 0\n      in two lines\n" in shown
    assert "    hang_up: ERROR  looked up\n      KeyError: 'key'\n        at tried.py:8 in hang_up\n" in shown


def test_a_run_again_from_its_failure_takes_over_what_was_done(three: Path) -> None:
    (three / "ran").unlink()
    (three / "mended").touch()
    answer = skerry(three, "runs", "rerun", "run-2", "--from-failure")
    assert answer.returncode == 0, answer.stderr
    assert (three / "ran").read_text().split() == ["second", "third"]
    (newest,) = ids(three, "--limit", "1")
    shown = skerry(three, "runs", "show", newest).stdout
    assert "  after run   run-2\n" in shown
    assert "  tags        number=2\n" in shown
    assert "the answer is 42" in shown
    # Of one that has done the rest nothing is left.
    again = skerry(three, "runs", "rerun", newest, "--from-failure")
    assert again.returncode == 2
    assert f"The run {newest} has succeeded: there is nothing left to run." in again.stderr
    assert (three / "ran").read_text().split() == ["second", "third"]


def test_a_run_again_runs_all_of_it(three: Path) -> None:
    (three / "ran").unlink()
    answer = skerry(three, "runs", "rerun", "run-2", "--json")
    assert answer.returncode == 1, answer.stderr
    assert (three / "ran").read_text().split() == ["first", "second"]
    (newest,) = json.loads(skerry(three, "runs", "--json", "--limit", "1").stdout)
    assert newest["tags"] == {"number": "2"}
    answer = skerry(three, "runs", "rerun", "run-9")
    assert answer.returncode == 2


def test_a_run_again_may_be_launched_otherwise(three: Path) -> None:
    (three / "mended").touch()
    answer = skerry(three, "runs", "rerun", "run-2", "--launcher", "proces")
    assert answer.returncode == 2
    assert "Did you mean process?" in answer.stderr
    answer = skerry(three, "runs", "rerun", "run-2", "--launcher", "process", "--detach")
    assert answer.returncode == 0, answer.stderr
    # What was detached is followed by whoever starts it again.
    again = skerry(three, "run", "steps", "--run-id", answer.stdout.strip(), "--tag", "number=2")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("command", [["runs", "show", "mine"], ["cancel", "mine"]])
def test_a_run_that_may_not_be_read_is_no_unknown_one(command: list[str], folder: Path) -> None:
    assert skerry(folder, "run", "steps", "--run-id", "mine").returncode == 1
    kept = folder / ".skerry" / "runs" / "mine"
    kept.chmod(0)
    without_rights = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    line = [*without_rights, sys.executable, "-m", "skerry", *command]
    try:
        answer = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    finally:
        kept.chmod(0o700)
    assert answer.returncode == 2
    assert f"What is kept of the run mine cannot be read: {kept}/run.json (Permission denied)." in answer.stderr


def test_they_are_removed(three: Path) -> None:
    answer = skerry(three, "runs", "delete", "run-0", "run-2")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert ids(three) == ["run-1"]
    assert [path.name for path in (three / ".skerry" / "runs").iterdir()] == ["run-1"]
    assert skerry(three, "runs", "delete", "run-0").returncode == 2


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_one_that_is_not_over_is_not_removed(force: list[str], folder: Path) -> None:
    config = '{"solids": {"wait": {"config": {"file": "go"}}}}'
    skerry(folder, "run", "waiting", "--config-json", config, "--detach", "--run-id", "mine")
    answer = skerry(folder, "runs", "delete", "mine", *force)
    assert answer.returncode == 2
    assert "The run mine is RUNNING." in answer.stderr or "The run mine is STARTING." in answer.stderr
    assert "skerry cancel mine" in answer.stderr
    (folder / "go").touch()
    skerry(folder, "cancel", "mine")


def test_old_ones_are_removed_and_the_newest_stay(three: Path) -> None:
    answer = skerry(three, "runs", "prune", "--older-than", "0s", "--keep", "1")
    assert answer.returncode == 0, answer.stderr
    assert sorted(answer.stdout.split()) == ["run-0", "run-1"]
    assert ids(three) == ["run-2"]
    assert skerry(three, "runs", "prune").stdout == ""
    assert "--older-than 3: write a number" in skerry(three, "runs", "prune", "--older-than", "3").stderr


def test_the_index_is_made_anew_from_the_journals(three: Path) -> None:
    for file in (three / ".skerry").glob("runs.sqlite*"):
        file.unlink()
    assert skerry(three, "runs", "rebuild").returncode == 0
    assert ids(three) == ["run-2", "run-1", "run-0"]
    (three / ".skerry" / "runs.sqlite").write_bytes(b"no database" * 1000)
    answer = skerry(three, "runs")
    assert answer.returncode == 1
    assert "runs.sqlite" in answer.stderr
    assert "Traceback" not in answer.stderr
