"""``skerry api execute-run``: one run, told on stdout, whatever it is and however it ends."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.commands import environment
from support.interpreters import interpreter
from support.pages import ROOT
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, RunEvent, State, Workspace

CHILDREN = Path(__file__).parents[1] / "children"
RUNS = {"python_file": str(CHILDREN / "runs.py")}


def request(pipeline: str, entry: Mapping[str, Any] = RUNS, run_id: str = "mine", **options: Any) -> dict[str, Any]:
    return {"run_id": run_id, "entry": entry, "options": {"repository": "", "pipeline": pipeline, **options}}


def config(solid: str, **values: Any) -> dict[str, Any]:
    return {"solids": {solid: {"config": values}}}


@contextlib.contextmanager
def begun(folder: Path, asked: Any) -> Iterator[subprocess.Popen[str]]:
    """Start one; its temporary files are in ``folder``, and none may be left."""
    (folder / "request.json").write_text(asked if isinstance(asked, str) else json.dumps(asked))
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "skerry", "api", "execute-run", "--request", "request.json"],
        cwd=folder,
        env=environment(TMPDIR=str(temporary)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".skerry")) == []
    assert list(temporary.iterdir()) == []


def ended(process: subprocess.Popen[str]) -> tuple[int, list[RunEvent], str]:
    """Give the exit code, the events and what was printed."""
    lines, printed = process.communicate(timeout=60)
    return process.returncode, [RunEvent.from_json(json.loads(line)) for line in lines.splitlines()], printed


def executed(folder: Path, asked: Any) -> tuple[int, list[RunEvent], str]:
    with begun(folder, asked) as process:
        return ended(process)


def story(events: list[RunEvent]) -> list[tuple[str, str | None, dict[str, Any], Any]]:
    """Give events but for their times."""
    return [(one.type.value, one.solid, dict(one.data), one.error and one.error.message) for one in events]


@pytest.mark.parametrize(
    ("pipeline", "options"),
    [
        ("daily", {"repository": "runs", "tags": {"team": "red"}, "max_concurrency": 2}),
        ("daily", {"repository": "others", "solids": ["one"]}),
        ("leaving", {"run_config": config("leave", exit="raise")}),
        ("leaving", {"run_config": config("leave", exit="exit")}),
        ("leaving", {"run_config": config("leave", exit="SIGKILL")}),
    ],
)
def test_it_tells_what_the_journal_of_any_other_run_has(pipeline: str, options: dict[str, Any], tmp_path: Path) -> None:
    with Workspace.from_entries([RUNS], tmp_path, state_folder=tmp_path / "here") as workspace:
        (location,) = workspace
        location.wait()
        here = location.launch(pipeline, **options)
        here.wait(30)
        told = sorted(story(list(here.events())), key=repr)
        code, events, printed = executed(tmp_path, request(pipeline, **options))
        assert sorted(story(events), key=repr) == told
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert printed == here.output() != ""
        assert code == (0 if events[-1].type.value == "RUN_SUCCEEDED" else 1)


PYTHON_FILE = {"relative_path": str(ROOT / "examples" / "loading_repositories" / "hello_world_repository.py")}


@pytest.mark.parametrize(
    ("entry", "pipeline"),
    [
        ({"python_file": PYTHON_FILE}, "hello_world_pipeline"),
        ({"python_file": {"relative_path": str(CHILDREN / "runs.py"), "attribute": "others"}}, "daily"),
        ({"python_file": {"relative_path": str(CHILDREN / "runs.py"), "start": "fresh"}}, "awkward"),
        ({"python_module": {"module_name": "harbour", "working_directory": "project"}}, "berth_plan"),
        ({"python_package": {"package_name": "hello_world_package"}}, "hello_world_pipeline"),
        ({"python_file": {"relative_path": str(CHILDREN / "runs.py"), "executable_path": "3.8"}}, "awkward"),
    ],
    ids=["file", "attribute", "fresh", "module", "package", "interpreter"],
)
def test_it_loads_what_a_code_server_tells_of_its_code(entry: dict[str, Any], pipeline: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "deploy" / "project", tmp_path / "project")
    ((_, details),) = entry.items()
    if "executable_path" in details:
        details["executable_path"] = interpreter(details["executable_path"])
    with Workspace.from_entries([entry], tmp_path) as workspace:
        (location,) = workspace
        location.wait()
        assert location.state is State.READY, location.error
        assert location.server is not None
        told = location.server.entry
    assert told is not None
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code, events, _ = executed(elsewhere, request(pipeline, told))
    assert (code, events[-1].type.value) == (0, "RUN_SUCCEEDED"), story(events)


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        (request("daily", {"python_file": str(CHILDREN / "raises.py")}), ErrorKind.EXCEPTION, ""),
        (request("daily", {"python_file": "nowhere.py"}), ErrorKind.FILE_NOT_FOUND, "No such file: "),
        (request("daily", {"python_fiel": "x.py"}), ErrorKind.INVALID_ENTRY, "Unknown location type"),
        (request("nightly"), ErrorKind.PIPELINE_NOT_FOUND, "no pipeline 'nightly'"),
        (request("leaving"), ErrorKind.RUN_CONFIG_INVALID, "'solids' is a required property"),
        (request("waiting", solids=["wiat"]), ErrorKind.SOLID_NOT_FOUND, "no solid 'wiat'"),
        (request("waiting", run_id="../x"), ErrorKind.RUN_ID_INVALID, "'../x' cannot be the id"),
    ],
)
def test_what_is_wrong_before_it_begins_is_an_event(asked: Any, kind: ErrorKind, words: str, tmp_path: Path) -> None:
    code, events, printed = executed(tmp_path, asked)
    (only,) = events
    assert (code, only.sequence, only.type.value, dict(only.data)) == (1, 1, "RUN_FAILED", {"failed": []})
    assert only.error is not None
    assert only.error.kind is kind
    assert words in only.error.message
    assert printed == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("{", "request.json: it is no JSON: "),
        ("[]", "request.json: it has another shape: "),
        ('{"run_id": "x", "options": {}}', "request.json: it has no 'entry'."),
        (request("daily", entry=["x"]), "`entry` and the run config are mappings."),  # type: ignore[arg-type]
        (request("daily", parent_id="first"), "request.json: it asks for a run after another, and no other run"),
        (request("daily", run_config="x"), "`entry` and the run config are mappings."),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(asked: Any, words: str, tmp_path: Path) -> None:
    code, events, complaint = executed(tmp_path, asked)
    assert (code, events) == (2, [])
    assert words in complaint
    assert "Traceback" not in complaint


def test_a_request_that_is_not_there_is_refused_and_stdin_is_read(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "skerry", "api", "execute-run", "--request"]
    given: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 60, "check": False}
    answer = subprocess.run([*line, "nowhere.json"], **given)
    assert answer.returncode == 2
    assert "--request nowhere.json: No such file or directory." in answer.stderr
    answer = subprocess.run([*line, "-"], input=json.dumps(request("awkward")), **given)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_it_and_resources_are_torn_down(number: signal.Signals, tmp_path: Path) -> None:
    with begun(tmp_path, request("waiting", run_config=config("wait", file="/nowhere"))) as process:
        assert process.stdout is not None
        line = next(json.loads(line) for line in process.stdout if '"LOG"' in line)
        pid = int(line["data"]["message"])
        process.send_signal(number)
        process.send_signal(number)
        code, events, printed = ended(process)
    assert code == 1
    assert [event.type.value for event in events] == ["SOLID_FAILED", "RUN_CANCELED"]
    assert printed == "torn down\n"
    assert not alive(pid)


def test_signals_after_the_end_change_nothing(tmp_path: Path) -> None:
    with begun(tmp_path, request("awkward")) as process:
        assert process.stdout is not None
        assert any('"RUN_SUCCEEDED"' in line for line in process.stdout)

        def is_over() -> bool:
            process.send_signal(signal.SIGTERM)
            return process.poll() is not None

        wait_until(is_over, what="its end")
        code, _, complaint = ended(process)
    assert (code, complaint) == (0, "")


def test_a_signal_while_the_code_loads_cancels_it(tmp_path: Path) -> None:
    entry = {"python_file": str(CHILDREN / "import_never_ends.py")}
    with begun(tmp_path, request("daily", entry)) as process:
        # The fork server, and the process that it has forked for the code.
        wait_until(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= 2, what="the user process")
        process.send_signal(signal.SIGTERM)
        code, events, _ = ended(process)
    assert code == 1
    assert [(event.sequence, event.type.value) for event in events] == [(1, "RUN_CANCELED")]


PRINTS = """
import atexit
import time

from skerry import pipeline, solid


def say():
    time.sleep(0.3)
    print("the last")


@solid
def much():
    atexit.register(say)
    for number in range(20):
        print(str(number % 10) * 1048575)


@pipeline
def printing():
    much()
"""


def test_what_is_printed_arrives_whole_and_before_the_end_is_told(tmp_path: Path) -> None:
    (tmp_path / "prints.py").write_text(PRINTS)
    with begun(tmp_path, request("printing", {"python_file": "prints.py"})) as process:
        assert process.stdout is not None
        # Until then nobody reads what it prints: the file in which that is kept is full twice meanwhile.
        assert any('"SOLID_SUCCEEDED"' in line for line in process.stdout)
        code, events, printed = ended(process)
    assert (code, [event.type.value for event in events]) == (0, ["RUN_SUCCEEDED"])
    lines = printed.splitlines()
    assert [(line[0], len(line)) for line in lines[:-1]] == [(str(number % 10), 1048575) for number in range(20)]
    assert lines[-1] == "the last"
