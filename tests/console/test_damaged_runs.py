"""Runs of which something is damaged: what can be read is told, what cannot be is said, and the others are well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.commands import skerry

from skerry import ErrorKind, RunError, RunStatus, Workspace
from skerry.runs import RunRecords
from skerry.workspace.launched_run import find
from skerry.workspace.state_folder import StateFolder

CODE = """
from pathlib import Path
from skerry import pipeline, solid

@solid
def first():
    return 20

@solid
def second(x):
    Path("ran").touch()
    if not Path("mended").exists():
        raise ValueError("not mended")

@pipeline
def steps():
    second(first())
"""
OPTIONS = {"repository": "sales", "pipeline": "daily"}
ASKED = {"id": "bad", "location": "team", "created_at": 1, "options": OPTIONS}
ZEROS = b"\0" * 64


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder in which a run was made that has failed: steps."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "steps.py").write_text(CODE)
    (folder / "workspace.yaml").write_text("load_from: [python_file: steps.py]\n")
    assert skerry(folder, "run", "steps", "--run-id", "steps").returncode == 1
    return folder


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    """Give a folder of the test's own in which two runs were made, alike: well and bad."""
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    runs = tmp_path / ".skerry" / "runs"
    (runs / "steps").rename(runs / "well")
    shutil.copytree(runs / "well", runs / "bad")
    for run_id in ("well", "bad"):
        file = runs / run_id / "run.json"
        file.write_text(file.read_text().replace('"steps",\n  "location"', f'"{run_id}",\n  "location"'))
    return tmp_path


def damage(folder: Path, line: int, new: bytes) -> Path:
    """Write something else in the place of a line of the journal of one run; gives the journal."""
    journal = folder / ".skerry" / "runs" / "bad" / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[line - 1] = new
    journal.write_bytes(b"".join(lines))
    return journal


def records(folder: Path) -> dict[str, dict[str, Any]]:
    answer = skerry(folder, "runs", "--json")
    assert answer.returncode == 0, answer.stderr
    return {record["id"]: record for record in json.loads(answer.stdout)}


def well(answer: subprocess.CompletedProcess[str], code: int = 0) -> str:
    assert (answer.returncode, "Traceback" in answer.stderr) == (code, False), answer.stderr
    return answer.stdout + answer.stderr


def test_a_journal_that_is_damaged_in_the_middle_is_told_all_the_same(folder: Path) -> None:
    journal = damage(folder, 3, ZEROS + b"\n")
    before = journal.read_bytes()
    assert {run_id: run["status"] for run_id, run in records(folder).items()} == {"well": "FAILED", "bad": "FAILED"}
    shown = well(skerry(folder, "runs", "show", "bad"))
    assert shown.startswith("steps.py/steps/steps  FAILED")
    assert f"What is kept of the run bad is damaged: {journal}, line 3: it is no JSON" in " ".join(shown.split())
    assert "ValueError: not mended" in shown
    assert journal.read_bytes() == before
    well(skerry(folder, "runs", "delete", "bad"))
    assert list(records(folder)) == ["well"]


def test_nothing_is_taken_over_from_a_damaged_run(folder: Path) -> None:
    journal = damage(folder, 4, ZEROS + b"\n")
    (folder / "mended").touch()
    told = well(skerry(folder, "runs", "rerun", "bad", "--from-failure"), 1)
    assert f"What is kept of the run bad is damaged: {journal}, line 4: it is no JSON" in told
    assert well(skerry(folder, "runs", "rerun", "bad"))
    assert well(skerry(folder, "runs", "rerun", "well", "--from-failure"))


def test_an_output_that_was_cut_is_not_taken_over(folder: Path) -> None:
    (folder / ".skerry" / "runs" / "bad" / "outputs" / "first" / "result.pickle").write_bytes(b"")
    (folder / "mended").touch()
    told = well(skerry(folder, "runs", "rerun", "bad", "--from-failure"))
    assert "first  succeeded" in told


@pytest.mark.parametrize("end", [b'{"sequence":9,"at":17', ZEROS, b""])
def test_a_journal_that_is_cut_at_its_end_is_that_of_a_run_that_was_lost(end: bytes, folder: Path) -> None:
    damage(folder, 0, end)  # the last one
    run = records(folder)["bad"]
    assert (run["status"], run["error"]["kind"]) == ("FAILED", "RUN_LOST")
    assert "The run ended without a word" in well(skerry(folder, "runs", "show", "bad"))


def test_a_run_whose_last_line_cannot_be_read_has_an_end(folder: Path) -> None:
    damage(folder, 0, ZEROS + b"\n")
    with Workspace.load(folder / "workspace.yaml") as workspace:
        ended = workspace.launched("bad").wait(30)
        assert ended.status is RunStatus.FAILED
        assert ended.error is not None
        assert "events.jsonl, line 7: it is no JSON" in ended.error.message
        assert list(workspace.launched("bad").events())[-1].error == ended.error
    assert records(folder)["bad"]["error"]["kind"] == "RUN_RECORD_DAMAGED"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "it is no JSON"),
        ("\0" * 500, 1, "it is no JSON"),
        ('{\n  "id": "bad",\n  "loca', 3, "it is no JSON"),
        ("[]", 1, "it is no record of a run"),
        ('{"id": "bad"}', 1, "it is no record of a run"),
        (json.dumps({**ASKED, "id": "other"}), 1, "it is not of the run bad"),
        (json.dumps({**ASKED, "location": 7}), 1, "it is no record of a run"),
        (json.dumps({**ASKED, "options": {**OPTIONS, "tags": {"week": 48}}}), 1, "it is no record of a run"),
    ],
)
def test_what_was_asked_for_may_be_damaged_too(text: str, line: int, reason: str, folder: Path) -> None:
    file = folder / ".skerry" / "runs" / "bad" / "run.json"
    file.write_text(text)
    found = records(folder)
    assert (found["well"]["location"], found["bad"]["location"]) == ("steps.py", "?")
    assert (found["bad"]["status"], found["bad"]["error"]["kind"]) == ("FAILED", "RUN_RECORD_DAMAGED")
    words = f"What is kept of the run bad is damaged: {file}, line {line}: {reason}"
    assert words in found["bad"]["error"]["message"]
    assert words in well(skerry(folder, "runs", "show", "bad"), 2)
    if line == 3:
        for arguments in (["rerun", "bad"], ["rerun", "bad", "--from-failure"]):
            assert words in well(skerry(folder, "runs", *arguments), 2)
        assert words in well(skerry(folder, "cancel", "bad"), 2)
        well(skerry(folder, "runs", "rebuild"))
        assert set(records(folder)) == {"well", "bad"}
    well(skerry(folder, "runs", "delete", "bad"))
    assert [path.name for path in (folder / ".skerry" / "runs").iterdir()] == ["well"]


def test_a_run_without_what_was_asked_for_is_damaged_and_can_be_removed(folder: Path) -> None:
    (folder / ".skerry" / "runs" / "bad" / "run.json").unlink()
    assert records(folder)["bad"]["error"]["kind"] == "RUN_RECORD_DAMAGED"
    for arguments in (["runs", "show", "bad"], ["cancel", "bad"], ["run", "steps", "--run-id", "bad"]):
        assert "run.json, line 1: it is not there." in well(skerry(folder, *arguments), 2)
    well(skerry(folder, "runs", "delete", "bad"))
    assert set(records(folder)) == {"well"}


def test_a_run_that_the_index_alone_knows_can_be_forgotten(folder: Path) -> None:
    assert set(records(folder)) == {"well", "bad"}
    shutil.rmtree(folder / ".skerry" / "runs" / "bad")
    assert "No run of this workspace has the id 'bad'" in well(skerry(folder, "runs", "show", "bad"), 2)
    well(skerry(folder, "runs", "delete", "bad"))
    assert set(records(folder)) == {"well"}


def test_what_is_left_of_a_removal_goes_with_the_next_pruning(folder: Path) -> None:
    runs = folder / ".skerry" / "runs"
    (runs / "bad").rename(runs / ".bad.1234.removed")
    with RunRecords(folder) as found:
        assert [run.id for run in found.find()] == ["well"]
        assert found.prune(0.0, 100) == []
    assert [path.name for path in runs.iterdir()] == ["well"]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody who may not read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("what", ["run.json", ""], ids=["its record", "its folder"])
def test_a_run_that_may_not_be_read_is_not_said_to_be_unknown(what: str, folder: Path) -> None:
    runs = folder / ".skerry" / "runs"
    (runs / "well" / what).chmod(0)
    with unprivileged(), pytest.raises(RunError) as caught:
        find(StateFolder.of(folder), "well")
    (runs / "well" / what).chmod(0o700)
    assert caught.value.kind is ErrorKind.RUN_RECORD_NOT_READABLE
    assert f"{runs / 'well' / 'run.json'} (Permission denied)" in str(caught.value)
