"""``skerry runs`` with each kind of database, and with one that goes away in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.calls import Call
from support.commands import environment, skerry
from support.indexes import Place
from support.postgresql import PostgreSQL
from support.runs import a_run, keep
from support.waiting import wait_until

from skerry import RunStatus
from skerry.execution import EventType
from skerry.model import Run
from skerry.user_process.journal import LOCK
from skerry.workspace.launched_run import find
from skerry.workspace.state_folder import StateFolder

STARTED, SUCCEEDED = EventType.RUN_STARTED, EventType.RUN_SUCCEEDED
RUNS = [f"run-{number}" for number in range(5)]

#: The command line, with less patience.
IMPATIENT = "from skerry.state import database; database.WAITING = 1.0; from skerry.console import main; main()"


def runs(place: Place, *arguments: str) -> str:
    answer = skerry(place.folder, "runs", *arguments, **variables(place))
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def variables(place: Place) -> dict[str, str]:
    return {"SKERRY_DATABASE_URL": place.url} if place.url is not None else {}


def ids(place: Place) -> list[str]:
    return [record["id"] for record in json.loads(runs(place, "--json"))]


def listed(place: Place) -> list[str]:
    """Give the ids as the index has them, without looking into the folders."""
    return [run.id for run in place.open().find()]


@pytest.fixture
def five(place: Place) -> Place:
    """Keep five runs that are over; they are not in the index yet."""
    for number, run_id in enumerate(RUNS):
        keep(place.folder, a_run(run_id, RunStatus.STARTING, created_at=float(number)), STARTED, SUCCEEDED)
    if place.url is None:
        return Place(place.folder / ".skerry", None, place.opened)
    return place


@pytest.fixture
def workspace(five: Place, tmp_path: Path) -> Place:
    """Give the folder of the workspace, for commands."""
    return Place(tmp_path, five.url)


class Stopped:
    """A command that is in the middle of reading the runs: what was asked for of one of them is slow to come."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self._file = place.folder / ".skerry" / "runs" / RUNS[2] / "run.json"
        self._written = self._file.read_bytes()
        self._file.unlink()
        os.mkfifo(self._file)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "skerry", "runs", *arguments],
            cwd=place.folder,
            env=environment(**variables(place)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._pipe = -1
        wait_until(self._is_read, what="the reading")

    def _is_read(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        with contextlib.suppress(OSError):  # nobody reads
            self._pipe = os.open(self._file, os.O_WRONLY | os.O_NONBLOCK)
        return self._pipe >= 0

    def go_on(self) -> None:
        """Let it read the rest."""
        self._mend()
        os.write(self._pipe, self._written)
        os.close(self._pipe)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.process.kill()
        self.process.communicate()
        self._mend()
        os.close(self._pipe)

    def _mend(self) -> None:
        self._file.unlink()
        self._file.write_bytes(self._written)

    def result(self) -> str:
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return output


@pytest.fixture
def stopped(workspace: Place) -> Iterator[Callable[..., Stopped]]:
    """Start commands that are in the middle of something; they have ended after the test."""
    started = []

    def start(*arguments: str) -> Stopped:
        started.append(Stopped(workspace, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


def test_every_command_works_with_every_database(workspace: Place, five: Place) -> None:
    assert ids(workspace) == RUNS[::-1]
    assert runs(workspace, "show", "run-1").startswith("team/sales/daily  SUCCEEDED")
    assert runs(workspace, "delete", "run-1") == ""
    assert ids(workspace) == ["run-4", "run-3", "run-2", "run-0"]
    assert runs(workspace, "prune", "--older-than", "0s", "--keep", "2").split() == ["run-2", "run-0"]
    five.open().rebuild([a_run("other")])
    assert runs(workspace, "rebuild") == ""
    assert listed(five) == ["run-4", "run-3"]
    assert (workspace.folder / ".skerry" / "runs.sqlite").exists() is (five.url is None)


@pytest.mark.parametrize("arguments", [[], ["rebuild"]])
def test_a_command_that_is_killed_in_the_middle_leaves_every_run_in_the_index_once(
    arguments: list[str], stopped: Callable[..., Stopped], workspace: Place, five: Place
) -> None:
    stopped(*arguments).kill()
    assert listed(five) == ([] if arguments else ["run-1", "run-0"])
    assert ids(workspace) == RUNS[::-1]
    assert sorted(listed(five)) == RUNS


@pytest.mark.parametrize("arguments", [["--json"], ["rebuild"]])
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_server_that_is_stopped_and_started_in_the_middle_is_waited_for(
    arguments: list[str], stopped: Callable[..., Stopped], five: Place, own_server: PostgreSQL
) -> None:
    command = stopped(*arguments)
    own_server.stop()
    command.go_on()
    going_on = Call(command.result)
    assert not going_on.is_over_within(1)
    own_server.start()
    going_on.wait()
    assert sorted(listed(five)) == RUNS


@pytest.mark.parametrize("arguments", [[], ["rebuild"], ["prune"], ["delete", "run-0"]])
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_server_that_is_away_for_good_is_an_error_without_its_password(
    arguments: list[str], workspace: Place, own_server: PostgreSQL
) -> None:
    assert workspace.url is not None
    own_server.stop()
    answer = subprocess.run(
        [sys.executable, "-c", IMPATIENT, "runs", *arguments],
        cwd=workspace.folder,
        env=environment(SKERRY_DATABASE_URL=workspace.url.replace("postgres@", "postgres:opensesame@")),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("Error: The database postgresql+psycopg://postgres:***@/postgres")
    assert "Look at the server and its log" in answer.stderr
    assert "opensesame" not in answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(list((workspace.folder / ".skerry" / "runs").iterdir())) == 5


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_what_needs_no_index_works_without_the_server(workspace: Place, own_server: PostgreSQL) -> None:
    own_server.stop()
    assert runs(workspace, "show", "run-1").startswith("team/sales/daily  SUCCEEDED")


# -- several at a time ------------------------------------------------------------------------------------------------


def lose(run: Run, folder: Path) -> Path:
    """Keep a run that was going on when all of its processes ended."""
    kept = keep(folder, run, STARTED)
    (kept / LOCK).touch()
    return kept


def test_of_several_that_find_lost_runs_each_is_told_of_all(tmp_path: Path) -> None:
    folders = [lose(a_run(f"run-{number}", RunStatus.STARTING), tmp_path) for number in range(20)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: skerry(tmp_path, "runs", "--json"), range(3)))
    for answer in answers:
        assert answer.returncode == 0, answer.stderr
        assert {(record["status"], record["error"]["kind"]) for record in json.loads(answer.stdout)} == {
            ("FAILED", "RUN_LOST")
        }
        assert len(json.loads(answer.stdout)) == 20
    for folder in folders:
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        assert [(event["sequence"], event["type"]) for event in events] == [(1, "RUN_STARTED"), (2, "RUN_FAILED")]


def test_runs_that_are_removed_while_others_look_are_gone(tmp_path: Path) -> None:
    names = [f"run-{number:02}" for number in range(30)]
    for name in names:
        keep(tmp_path, a_run(name, RunStatus.STARTING), STARTED, SUCCEEDED)
    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(skerry, tmp_path, "runs", "--json", "--limit", "99") for _ in range(3)]
        removing = pool.submit(skerry, tmp_path, "runs", "delete", *names)
        for answer in [removing.result(), *(one.result() for one in looking)]:
            assert answer.returncode == 0, answer.stderr
    assert list((tmp_path / ".skerry" / "runs").iterdir()) == []
    assert json.loads(skerry(tmp_path, "runs", "--json").stdout) == []


def test_a_run_that_is_removed_while_it_is_followed_is_over(tmp_path: Path) -> None:
    import fcntl

    folder = lose(a_run("mine", RunStatus.STARTING), tmp_path)
    with (folder / LOCK).open("rb") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        followed = find(StateFolder.of(tmp_path), "mine")
        assert followed.wait(0.0).status is RunStatus.RUNNING
        waiting = Call(lambda: followed.wait(30).status)
        assert not waiting.is_over_within(0.3)
        folder.rename(tmp_path / "elsewhere")
    waiting.wait()
    assert waiting.result is RunStatus.FAILED
    assert [event.type for event in followed.events()] == [STARTED]
    assert not folder.exists()
