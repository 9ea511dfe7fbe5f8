"""Run launchers that raise what they should not, and starts that are interrupted: the record is true all the same."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import environment, skerry
from support.plugins import install_launcher
from support.waiting import wait_until

from skerry import ErrorKind, Location, LocationError, RunStatus, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

LEAKY = """
import time
from pathlib import Path
from skerry.errors import LocationError
from skerry.plugin import RunLauncher

class Leaky(RunLauncher):
    key, summary = "leaky", "Raises where it is told to"
    schema = {
        "type": "object",
        "properties": {
            "where": {"type": "string", "writeOnly": False},
            "how": {"type": "string", "writeOnly": False},
            "mark": {"type": "string", "writeOnly": False},
        },
    }

    def __init__(self, options):
        super().__init__(options)
        self.launches = []
        self._at("init")

    def _at(self, where):
        if where == self.options["where"]:
            if self.options["how"] == "wait":
                Path(self.options["mark"]).touch()
                time.sleep(60)
            raise {"exit": SystemExit, "interrupt": KeyboardInterrupt, "error": ValueError}[self.options["how"]]("sunk")

    def check(self, launch):
        self._at("check")

    def is_elsewhere(self, launch):
        self._at("is_elsewhere")
        return True

    def start(self, launch):
        self._at("start")
        self.launches.append(launch)

    def resume(self, launch):
        raise LocationError(reason="What executes it cannot be reached.")

    def cancel(self, launch):
        self._at("cancel")

    def detach(self, launch):
        self._at("detach")

    def update_output(self, launch):
        self._at("update_output")

    def close(self):
        for launch in self.launches:
            launch.report.left()
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in which the launcher ``leaky`` is installed."""
    folder = tmp_path / "site"
    install_launcher(folder, "leaky", LEAKY, "Leaky")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "skerry_leaky", raising=False)
    importlib.invalidate_caches()
    return folder


@pytest.fixture
def workspace(load: Load, site: Path, hello: Path, tmp_path: Path) -> Callable[[str, str], Location]:
    """Load a workspace whose launcher raises there, so; give its one location."""

    def loaded(where: str, how: str) -> Location:
        options = f"{{where: {where}, how: {how}, mark: {tmp_path / 'mark'}}}"
        (location,) = load(f"load_from: [python_file: hello.py]\nrun_launcher: {{leaky: {options}}}\n")
        assert location.wait(60)
        return location

    return loaded


@pytest.mark.parametrize("how", ["exit", "error"])
@pytest.mark.parametrize("where", ["init", "check", "is_elsewhere", "start"])
def test_whatever_it_raises_is_its_defect_and_the_run_has_an_end(
    where: str, how: str, workspace: Callable[[str, str], Location], tmp_path: Path
) -> None:
    location = workspace(where, how)
    with pytest.raises(LocationError) as caught:
        location.launch("hello_pipeline", run_id="mine")
    assert caught.value.kind is ErrorKind.RUN_LAUNCHER_FAILED
    assert "leaky" in str(caught.value)
    assert "sunk" in str(caught.value)
    if where != "start":
        assert not (tmp_path / ".skerry" / "runs" / "mine").exists()
        return
    again = location.launch("hello_pipeline", run_id="mine")
    assert again.run.status is RunStatus.FAILED


@pytest.mark.parametrize("how", ["exit", "error"])
@pytest.mark.parametrize("what", ["cancel", "detach", "update_output"])
def test_what_it_raises_later_is_an_error_of_the_call(
    what: str, how: str, workspace: Callable[[str, str], Location]
) -> None:
    run = workspace(what, how).launch("hello_pipeline")
    with pytest.raises(LocationError) as caught:
        getattr(run, {"update_output": "output"}.get(what, what))()
    assert caught.value.kind is ErrorKind.RUN_LAUNCHER_FAILED
    assert run.run.status is RunStatus.STARTING


def test_a_start_that_is_interrupted_leaves_a_run_that_is_canceled(
    workspace: Callable[[str, str], Location], load: Load
) -> None:
    location = workspace("start", "interrupt")
    with pytest.raises(KeyboardInterrupt):
        location.launch("hello_pipeline", run_id="mine")
    again = location.launch("hello_pipeline", run_id="mine")
    assert again.wait(0).status is RunStatus.CANCELED
    assert [event.type.value for event in again.events()] == ["RUN_CANCELED"]


def command(folder: Path, site: Path, *arguments: str) -> subprocess.Popen[str]:
    settings = "import skerry.console.run as run; run.CANCEL_LIMIT = 0.2"
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys\n{settings}\nfrom skerry.console import main\nsys.exit(main())",
            *arguments,
        ],
        cwd=folder,
        env=environment(PYTHONPATH=str(site)),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def said_after(number: signal.Signals, process: subprocess.Popen[str], begun: Callable[[], bool]) -> str:
    """Send a signal to a command once it has begun, and give all that it says until its end."""
    try:
        wait_until(begun, 30, "the run")
        process.send_signal(number)
        return process.communicate(timeout=30)[0]
    finally:
        process.kill()
        process.wait()


def test_ctrl_c_while_it_starts_leaves_a_run_that_is_canceled(
    workspace: Callable[[str, str], Location], tmp_path: Path, site: Path
) -> None:
    workspace("start", "wait")
    process = command(tmp_path, site, "run", "hello_pipeline", "--run-id", "mine")
    said = said_after(signal.SIGINT, process, (tmp_path / "mark").exists)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    shown = skerry(tmp_path, "runs", "--json", PYTHONPATH=str(site))
    assert '"status": "CANCELED"' in shown.stdout


def test_ctrl_c_ends_the_command_in_words_where_it_cannot_cancel(
    workspace: Callable[[str, str], Location], tmp_path: Path, site: Path
) -> None:
    workspace("cancel", "error")
    process = command(tmp_path, site, "run", "hello_pipeline", "--run-id", "mine")
    lock = tmp_path / ".skerry" / "runs" / "mine" / "lock"
    said = said_after(signal.SIGTERM, process, lambda: lock.exists() and handles_sigterm(process.pid))
    assert process.returncode == 1, said
    assert "Traceback" not in said
    assert "Nothing more is heard of the run mine: the run launcher 'leaky' cannot be asked.\n" in said
    assert "ValueError: sunk" in said
    # It can be forgotten, since nobody on this machine follows it.
    assert skerry(tmp_path, "runs", "delete", "mine", PYTHONPATH=str(site)).returncode == 2
    told = skerry(tmp_path, "cancel", "mine", PYTHONPATH=str(site))
    assert told.returncode == 1
    assert "skerry runs delete --force mine" in told.stderr
    assert skerry(tmp_path, "runs", "delete", "--force", "mine", PYTHONPATH=str(site)).returncode == 0
    assert skerry(tmp_path, "runs", "--json", PYTHONPATH=str(site)).stdout.strip() == "[]"


def handles_sigterm(pid: int) -> bool:
    """Tell whether a process has a handler of its own for SIGTERM, as ``skerry run`` has once it follows a run."""
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
