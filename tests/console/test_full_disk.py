"""A disk that is full: runs are refused or end, with words that say why, and what is kept of them is true."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.disks import SmallDisk, small_disk
from support.waiting import wait_until

CODE = """
import os
import sys
import time
from pathlib import Path
from skerry import pipeline, repository, resource, solid

def wait_for(name):
    while not Path(name).exists():
        time.sleep(0.005)

@resource
def warehouse():
    yield
    Path("torn-down").touch()

@solid
def hello():
    return 1

@solid(required_resource_keys={"warehouse"})
def talk(context):
    context.log.info("here")
    wait_for("go")
    for _ in range(100):
        context.log.info("x" * 50_000)

@solid
def brim(context):
    journal = Path(os.environ["SKERRY_HOME"], "runs", context.run_id, "events.jsonl")
    while not 130 <= 4096 - journal.stat().st_size % 4096 < 270:  # of its last page there is left what the next takes
        context.log.info("")
    context.log.info("here")
    wait_for("go")
    for _ in range(100):
        context.log.info("x" * 50_000)

@solid
def swallow(context):
    context.log.info("here")
    wait_for("go")
    for _ in range(100):
        try:
            context.log.info("x" * 50_000)
        except Exception:
            pass

@solid
def large():
    return bytes(4_000_000)

@solid
def fail_until_mended(data):
    with open("ran", "a") as file:
        file.write(f"{len(data)}\\n")
    if not Path("mended").exists():
        raise ValueError("not mended")

@solid
def say(context):
    context.log.info("here")
    wait_for("go")
    print("x" * 1_000_000)
    sys.stdout.flush()
    Path("said").touch()
    wait_for("go-on")

@pipeline
def hi():
    hello()

@pipeline(resource_defs={"warehouse": warehouse})
def talking():
    talk()

@pipeline
def brimming():
    brim()

@pipeline
def swallowing():
    swallow()

@pipeline
def giving():
    fail_until_mended(large())

@pipeline
def saying():
    say()

@repository
def all_of_them():
    return [hi, talking, brimming, swallowing, giving, saying]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "talks.py").write_text(CODE)
    (tmp_path / "workspace.yaml").write_text("load_from: [python_file: talks.py]\n")
    return tmp_path


@pytest.fixture
def disk(tmp_path: Path, folder: Path) -> Iterator[SmallDisk]:
    """Give a disk on which one run has been made."""
    with small_disk(tmp_path / "disk") as made:
        answer = made.run(folder, "run", "hi", "--run-id", "first")
        assert answer.returncode == 0, answer.stderr
        yield made


def events(disk: SmallDisk, run_id: str) -> list[dict[str, Any]]:
    """Give what stands in a journal, of which each line must be whole and in its order."""
    journal = disk.seen / "home" / "runs" / run_id / "events.jsonl"
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [event["sequence"] for event in found] == list(range(1, len(found) + 1))
    return found


def records(disk: SmallDisk, folder: Path) -> dict[str, dict[str, Any]]:
    answer = disk.run(folder, "runs", "--json")
    assert answer.returncode == 0, answer.stderr
    return {record["id"]: record for record in json.loads(answer.stdout)}


def begin(disk: SmallDisk, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a run of the id ``mine``; it is there, and waits for a file."""
    process = disk.skerry(folder, "run", *arguments, "--run-id", "mine")
    journal = disk.seen / "home" / "runs" / "mine" / "events.jsonl"
    wait_until(lambda: journal.exists() and "here" in journal.read_text(), what="the run")
    return process


def end(process: subprocess.Popen[str]) -> str:
    """Give what a run has printed that must fail without anything on stderr."""
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "")
    return output


def test_a_run_is_refused_and_nothing_is_half_made(disk: SmallDisk, folder: Path) -> None:
    disk.fill()
    answer = disk.run(folder, "run", "hi", "--run-id", "mine")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "What is kept of the run mine cannot be written: " in answer.stderr
    assert "(No space left on device).\nFree space on that disk," in answer.stderr
    assert [path.name for path in (disk.seen / "home" / "runs").iterdir()] == ["first"]
    disk.free()
    assert disk.run(folder, "run", "hi", "--run-id", "mine").returncode == 0
    assert {run["status"] for run in records(disk, folder).values()} == {"SUCCEEDED"}


def test_a_run_for_which_there_is_just_room_to_be_told_has_failed(disk: SmallDisk, folder: Path) -> None:
    disk.fill(left=32)
    answer = disk.run(folder, "run", "hi", "--run-id", "mine")
    assert answer.returncode == 2
    assert "(No space left on device)" in answer.stderr
    assert "Traceback" not in answer.stderr
    disk.free()
    run = records(disk, folder)["mine"]
    assert (run["status"], run["error"]["kind"]) == ("FAILED", "RUN_RECORD_NOT_WRITABLE")


@pytest.mark.parametrize(
    ("pipeline", "together", "left"),
    [("talking", "1", 200), ("talking", "2", 200), ("swallowing", "1", 200), ("brimming", "1", 0)],
)
def test_a_run_ends_and_says_why(pipeline: str, together: str, left: int, disk: SmallDisk, folder: Path) -> None:
    process = begin(disk, folder, pipeline, "--max-concurrency", together)
    disk.fill(left)
    (folder / "go").touch()
    output = end(process)
    assert "What is kept of the run mine cannot be written: " in output
    assert "events.jsonl (No space left on device)" in output
    assert (folder / "torn-down").exists() is (pipeline == "talking")
    told = events(disk, "mine")
    solid = {"talking": "talk", "swallowing": "swallow", "brimming": "brim"}[pipeline]
    assert [(event["type"], event["solid"]) for event in told[-2:]] == [("SOLID_FAILED", solid), ("RUN_FAILED", None)]
    assert told[-2]["error"]["kind"] == "RUN_RECORD_NOT_WRITABLE"
    assert 1 < len([event for event in told if event["type"] == "LOG"]) < 100
    disk.free()
    assert records(disk, folder)["mine"]["status"] == "FAILED"
    shown = disk.run(folder, "runs", "show", "mine").stdout
    assert "No space left on device" in shown


def test_where_even_the_end_cannot_be_written_whoever_looks_is_told(disk: SmallDisk, folder: Path) -> None:
    process = begin(disk, folder, "brimming")
    (disk.seen / "home" / "runs" / "mine" / "lock").write_bytes(b"")  # the room that it has for that
    disk.fill()
    (folder / "go").touch()
    assert "The run ended without a word" in end(process)
    answer = disk.run(folder, "runs", "show", "mine")
    assert answer.returncode == 0, answer.stderr
    assert "FAILED" in answer.stdout
    assert "The run ended without a word" in answer.stdout
    answer = disk.run(folder, "runs")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "runs.sqlite cannot be written" in answer.stderr
    assert {event["type"] for event in events(disk, "mine")} == {"RUN_STARTED", "SOLID_STARTED", "LOG"}
    disk.free()
    run = records(disk, folder)["mine"]
    assert (run["status"], run["error"]) == ("FAILED", None)
    assert [event["type"] for event in events(disk, "mine")][-2:] == ["SOLID_FAILED", "RUN_FAILED"]
    assert events(disk, "mine")[-2]["error"]["kind"] == "RUN_LOST"


def test_an_output_that_cannot_be_kept_passes_within_the_run_alone(disk: SmallDisk, folder: Path) -> None:
    answer = disk.run(folder, "run", "giving", "--run-id", "mine")
    assert answer.returncode == 1
    assert "The output 'result' of 'large' cannot be kept: " in answer.stdout
    assert "No space left on device" in answer.stdout
    assert (folder / "ran").read_text() == "4000000\n"
    assert [path.name for path in (disk.seen / "home" / "runs" / "mine" / "outputs").rglob("*")] == ["large"]
    apart = disk.run(folder, "run", "giving", "--run-id", "apart", "--max-concurrency", "2")
    assert apart.returncode == 1
    failed = [event for event in events(disk, "apart") if event["type"] == "SOLID_FAILED"]
    assert [(event["solid"], event["error"]["kind"]) for event in failed] == [("large", "OUTPUT_NOT_KEPT")]
    # What was not kept is not taken over: the solid runs again.
    (folder / "mended").touch()
    again = disk.run(folder, "runs", "rerun", "mine", "--from-failure")
    assert again.returncode == 0, again.stdout
    assert (folder / "ran").read_text() == "4000000\n4000000\n"


def test_of_what_is_printed_only_what_does_not_fit_is_lost(disk: SmallDisk, folder: Path) -> None:
    process = begin(disk, folder, "saying")
    disk.fill(left=100)
    (folder / "go").touch()
    wait_until((folder / "said").exists, what="the printing")
    disk.free()
    (folder / "go-on").touch()
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, ""), output
    assert 0 < (disk.seen / "home" / "runs" / "mine" / "output.log").stat().st_size < 1_000_000
    assert records(disk, folder)["mine"]["status"] == "SUCCEEDED"


def test_a_run_can_be_cancelled(disk: SmallDisk, folder: Path) -> None:
    process = begin(disk, folder, "talking")
    disk.fill()
    answer = disk.run(folder, "cancel", "mine")
    assert (answer.returncode, answer.stdout) == (0, "mine  CANCELED\n"), answer.stderr
    end(process)
    assert (folder / "torn-down").exists()
    disk.free()
    assert records(disk, folder)["mine"]["status"] == "CANCELED"


def test_nothing_of_a_small_disk_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        disk.fill()
        assert list((tmp_path / "disk").iterdir()) == []
        holders = psutil.Process().children()
    assert not [one for one in holders if one.is_running() and one.name() in ("cat", "sh")]
    assert not disk.seen.exists()
