"""``skerry run``: what it runs, what it shows, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.commands import environment, skerry
from support.screen import screen
from support.servers import alive
from support.waiting import wait_until

from skerry import RunStatus, Workspace

CONFIG = json.dumps({"solids": {"leave": {"config": {"exit": "raise"}}}})
RUNS = Path(__file__).parent.parent / "children" / "runs.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(RUNS, tmp_path / "runs.py")
    (tmp_path / "other.py").write_text(
        "from skerry import pipeline, solid\n\n\n@solid\ndef hello():\n    print('hello')\n\n\n"
        "@pipeline\ndef weekly():\n    hello()\n"
    )
    (tmp_path / "workspace.yaml").write_text("load_from:\n  - python_file: runs.py\n  - python_file: other.py\n")
    return tmp_path


def lines(text: str) -> list[str]:
    """Give the lines without the times before them."""
    return [line[10:] if line[2:3] == ":" else line for line in text.splitlines()]


def test_each_event_is_a_line_and_the_last_one_tells_the_end(folder: Path) -> None:
    answer = skerry(folder, "run", "runs.py/runs/daily", "--tag", "by=me", "--run-id", "mine")
    assert answer.returncode == 0, answer.stderr
    assert lines(answer.stdout)[:-1] == [
        "the run  started",
        "one  started",
        "one  INFO  one of blue",
        "one  50%  half",
        "one  gave result (5 bytes)",
        "one  succeeded",
        "add  started",
        "add  gave result (5 bytes)",
        "add  succeeded",
        "the run  succeeded",
    ]
    last = answer.stdout.splitlines()[-1]
    assert last.startswith("runs.py/runs/daily  SUCCEEDED  ")
    assert last.endswith("s  run mine")
    with Workspace.load(folder / "workspace.yaml") as workspace:
        assert workspace.launched("mine").run.options.tags == {"by": "me"}


@pytest.mark.parametrize(
    "selector", ["weekly", "other/weekly", "weekly/weekly", "other.py/weekly", "other.py/weekly/weekly", "other.py"]
)
def test_what_says_enough_is_enough(selector: str, folder: Path) -> None:
    if selector == "other/weekly":  # neither a location nor a repository
        assert skerry(folder, "run", selector).returncode == 2
        return
    answer = skerry(folder, "run", selector)
    assert answer.returncode == 0, answer.stderr
    assert "other.py/weekly/weekly  SUCCEEDED" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "others"),
    [
        (["run", "runs.py/runs/daily", "--run-id", "new"], False),
        (["runs", "rerun", "first"], False),
        (["inspect", "runs.py"], False),
        (["inspect", "runs.py/runs/daily", "--json"], False),
        (["run", "leaving", "--config-json", CONFIG], True),
        (["inspect"], True),
    ],
)
def test_where_a_location_is_named_no_other_is_loaded(arguments: list[str], others: bool, folder: Path) -> None:
    assert skerry(folder, "run", "runs.py/runs/daily", "--run-id", "first").returncode == 0
    loaded = folder / "loaded"
    (folder / "other.py").write_text(f"open({str(loaded)!r}, 'w').close()\n" + (folder / "other.py").read_text())
    answer = skerry(folder, *arguments)
    assert answer.returncode == (1 if "leaving" in arguments else 0), answer.stderr
    assert loaded.exists() == others


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wekly"], "No pipeline is called 'wekly'."),
        (["wekly"], "Did you mean 'weekly'?"),
        (["daily"], "'daily' is the name of several pipelines: say which. There are: runs.py/runs/daily, runs.py/oth"),
        (["runs.py/daily"], "The location 'runs.py' has several pipelines 'daily': in the repositories others, runs."),
        (["runs.py/waitin"], "Did you mean waiting?"),
        (["runs.py"], "'runs.py' is a location: say which of its pipelines. There are: runs.py/daily"),
        (["weekly", "--solid", "helo"], "The pipeline 'weekly' has no solid 'helo'."),
        (["weekly", "--tag", "x"], "--tag x: write NAME=VALUE."),
        (["weekly", "--config", "nowhere.yaml"], "--config nowhere.yaml: No such file or directory."),
        (["weekly", "--config-json", "{}", "-c", "-"], "--config and --config-json exclude each other"),
        (["weekly", "--config-json", "{"], "The run config in --config-json cannot be read:\n- --config-json:1:"),
        (["weekly", "--config-json", "[1]"], "- --config-json:1:1: it is not a mapping"),
        (["weekly", "--config-json", '{"a": 1, "a": 2}'], "--config-json:1:10: "),
        (["weekly", "--config-json", '{"a": 1}'], "- the run config: Additional properties are not allowed"),
        (["leaving"], "- the run config: 'solids' is a required property"),
        (["weekly", "--run-id", "a/b"], "'a/b' cannot be the id of a run."),
    ],
)
def test_what_cannot_be_run_is_refused(arguments: list[str], words: str, folder: Path) -> None:
    answer = skerry(folder, "run", *arguments)
    assert answer.returncode == 2
    assert words in answer.stderr
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr


def test_a_location_that_failed_is_named_where_a_pipeline_is_not_found(folder: Path) -> None:
    (folder / "other.py").write_text("1 / 0\n")
    answer = skerry(folder, "run", "weekly")
    assert answer.returncode == 2
    assert (
        "Not READY, and so not searched (`skerry inspect` tells more):\n  other.py: FAILED: ZeroDivisionError"
        in answer.stderr
    )
    answer = skerry(folder, "run", "other.py/weekly")
    assert answer.returncode == 2
    assert "The location 'other.py' is FAILED" in answer.stderr
    assert "Mend this first: ZeroDivisionError" in answer.stderr


@pytest.mark.parametrize("how", ["file", "stdin", "json"])
def test_the_run_config_comes_from_a_file_from_stdin_or_the_command_line(how: str, folder: Path) -> None:
    config = "solids: {leave: {config: {exit: raise}}}"
    (folder / "config.yaml").write_text(config)
    arguments = {"file": ["--config", "config.yaml"], "stdin": ["-c", "-"], "json": ["--config-json", config]}[how]
    answer = subprocess.run(
        [sys.executable, "-m", "skerry", "run", "leaving", *arguments],
        cwd=folder,
        env=environment(),
        input=config if how == "stdin" else "",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 1, answer.stderr
    told = answer.stdout.splitlines()
    index = next(number for number, line in enumerate(told) if line.endswith("leave  failed"))
    assert told[index + 1] == "  ValueError: no"
    assert "raise ValueError" in told[index + 2] + told[index + 3]
    assert "runs.py/runs/leaving  FAILED" in told[-1]


def test_events_are_lines_of_json(folder: Path) -> None:
    answer = skerry(folder, "run", "weekly", "--json", "--run-id", "mine")
    assert answer.returncode == 0, answer.stderr
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert {event["run_id"] for event in events} == {"mine"}
    assert [event["type"] for event in events][-1] == "RUN_SUCCEEDED"


def test_the_same_id_is_run_once(folder: Path) -> None:
    first = skerry(folder, "run", "weekly", "--run-id", "mine")
    second = skerry(folder, "run", "weekly", "--run-id", "mine")
    assert (first.returncode, second.returncode) == (0, 0)
    assert second.stdout == first.stdout
    assert (first.stderr, "nothing was started" in second.stderr) == ("", True)


def test_without_a_workspace_file_a_python_file_is_enough(folder: Path) -> None:
    answer = skerry(folder, "run", "weekly", "-f", "other.py")
    assert answer.returncode == 0, answer.stderr


WAIT = ["run", "waiting", "--config-json", '{"solids": {"wait": {"config": {"file": "go"}}}}']


@pytest.fixture
def waiting(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a run that waits; it has begun to."""
    process = subprocess.Popen(
        [sys.executable, "-m", "skerry", *WAIT, "--run-id", "mine"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert any("INFO" in line for line in process.stdout)
    yield process
    process.kill()
    process.communicate()


def test_an_interrupt_cancels_the_run(waiting: subprocess.Popen[str], folder: Path) -> None:
    waiting.send_signal(signal.SIGINT)
    said, complained = waiting.communicate(timeout=30)
    assert waiting.returncode == 1
    assert "Cancelling the run. Ctrl-C once more leaves it to itself." in said
    assert lines(said)[-2] == "the run  canceled"
    assert "CANCELED" in said.splitlines()[-1]
    assert complained == ""


def test_a_second_interrupt_leaves_the_run_to_itself(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "skerry", "run", "refusing", "--run-id", "mine"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        pid = next(int(line.split()[-1]) for line in process.stdout if "INFO" in line)
        process.send_signal(signal.SIGINT)
        assert any("Cancelling" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=30)
        assert process.returncode == 130
        assert complained == "The run mine goes on by itself until it has ended.\n"
        assert alive(pid)
        os.kill(pid, signal.SIGKILL)
        with Workspace.load(folder / "workspace.yaml") as workspace:
            assert workspace.launched("mine").wait(30).status is RunStatus.CANCELED
    finally:
        process.kill()
        process.communicate()


def test_a_detached_run_prints_its_id_and_goes_on(folder: Path) -> None:
    answer = skerry(folder, *WAIT, "--detach")
    assert answer.returncode == 0, answer.stderr
    run_id = answer.stdout.strip()
    with Workspace.load(folder / "workspace.yaml") as workspace:
        run = workspace.launched(run_id)
        pid = next(int(str(event.data["message"])) for event in run.events() if event.solid and event.data)
        keeper = psutil.Process(pid).ppid()
        assert run.run.status is RunStatus.RUNNING
        (folder / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
    wait_until(lambda: not alive(keeper), what="the end of its keeper")


def test_on_a_terminal_there_is_a_row_for_each_solid(folder: Path) -> None:
    with screen(folder, *WAIT, "--run-id", "mine") as terminal:
        terminal.wait_for("runs.py/runs/waiting  RUNNING", "wait")
        assert "runs" in terminal.line("◌ wait")
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("runs.py/runs/waiting  CANCELED", "✗ wait", without="Cancelling")


def test_on_a_terminal_a_failure_is_shown_below(folder: Path) -> None:
    with screen(
        folder, "run", "leaving", "--config-json", '{"solids": {"leave": {"config": {"exit": "raise"}}}}'
    ) as terminal:
        terminal.wait_for(
            "runs.py/runs/leaving  FAILED", "✗ leave", "ValueError: no", "leave has failed", "● spared  succeeded"
        )


def test_cancel_cancels_a_detached_run(folder: Path) -> None:
    run_id = skerry(folder, *WAIT, "--detach").stdout.strip()
    answer = skerry(folder, "cancel", run_id)
    assert (answer.returncode, answer.stdout) == (0, f"{run_id}  CANCELED\n")
    again = skerry(folder, "cancel", run_id)
    assert (again.returncode, again.stdout) == (0, f"{run_id}  CANCELED\n")


def test_cancel_tells_of_a_run_that_is_over_and_of_one_that_is_not_there(folder: Path) -> None:
    skerry(folder, "run", "weekly", "--run-id", "mine")
    answer = skerry(folder, "cancel", "mine")
    assert (answer.returncode, answer.stdout) == (1, "mine  SUCCEEDED\n")
    answer = skerry(folder, "cancel", "other")
    assert answer.returncode == 2
    assert "No run of this workspace has the id 'other'." in answer.stderr
