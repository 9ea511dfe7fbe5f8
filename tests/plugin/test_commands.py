"""``runtime.run``: what a command says and does reaches the location, and no command outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.location_types import Install, location_type
from support.waiting import wait_until

from skerry import ErrorKind, State, Workspace
from skerry.plugin import ErrorInfo

Load = Callable[[str], Workspace]

WORKSPACE = "load_from: [{plain: hello.py}]"

#: A command that starts a child in a session of its own, tells both pids, and ignores SIGTERM.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(
    [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"],
    start_new_session=True,
)
open("pids.partial", "w").write(f"{os.getpid()} {child.pid}")
os.rename("pids.partial", "pids")
time.sleep(600)
"""


def error_of(install: Install, load: Load, opening: str, text: str = WORKSPACE) -> ErrorInfo:
    install("plain", location_type(opening))
    workspace = load(text)
    assert workspace.wait(30)
    error = workspace["hello.py"].error
    assert error is not None
    return error


def started(folder: Path) -> list[int]:
    """Give the pids that the command tells, once it has."""
    wait_until((folder / "pids").exists, what="the command")
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def none_runs(pids: list[int]) -> bool:
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            continue
    return True


def test_a_command_gives_its_output_and_its_exit_code(install: Install, load: Load, hello: Path) -> None:
    opening = """
    script = "echo out; echo err >&2; echo $WORD in $PWD; cat; exit 3"
    done = runtime.run(["sh", "-c", script], env={"WORD": "secret"}, check=False)
    raise LocationError(reason=repr((done.returncode, done.stdout, done.stderr)))
    """
    error = error_of(install, load, opening)
    assert error.message == repr((3, f"out\nsecret in {hello.parent}\n", "err\n"))


def test_a_location_loads_after_its_commands(install: Install, load: Load, hello: Path, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    install("plain", location_type("""runtime.run(["touch", "made"], cwd="below")"""))
    workspace = load(WORKSPACE)
    assert workspace.wait(30)
    assert workspace["hello.py"].state is State.READY
    assert (tmp_path / "below" / "made").exists()


def test_a_failed_command_says_which_with_what_end_and_its_last_words(
    install: Install, load: Load, hello: Path
) -> None:
    error = error_of(install, load, """runtime.run(["sh", "-c", "echo no route to the moon >&2; exit 4"])""")
    assert error.kind is ErrorKind.COMMAND_FAILED
    assert error.message.splitlines() == [
        "The command `sh -c 'echo no route to the moon >&2; exit 4'` ended with exit code 4.",
        "no route to the moon",
    ]


def test_a_command_that_is_killed_names_the_signal(install: Install, load: Load, hello: Path) -> None:
    error = error_of(install, load, """runtime.run(["sh", "-c", "kill -9 $$"])""")
    assert "was ended by SIGKILL" in error.message
    assert "It wrote nothing." in error.message


def test_a_program_that_is_missing_is_named(install: Install, load: Load, hello: Path) -> None:
    error = error_of(install, load, """runtime.run(["no-such-program", "--now"])""")
    assert error.kind is ErrorKind.NOT_OPENED
    assert "'no-such-program' is not on PATH" in error.message


@pytest.mark.parametrize("argv", ['["./missing"]', '["./hello.py"]', '["ls"], cwd="nowhere"'])
def test_what_cannot_be_executed_says_why(argv: str, install: Install, load: Load, hello: Path) -> None:
    error = error_of(install, load, f"runtime.run({argv})")
    assert error.kind is ErrorKind.COMMAND_FAILED
    assert "No such file or directory" in error.message or "Permission denied" in error.message


def test_the_last_line_of_a_running_command_is_the_progress(
    install: Install, load: Load, hello: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gate")
    install("plain", location_type("""runtime.run(["sh", "-c", "printf '10%%\\\\r50%%\\\\r'; cat gate"])"""))
    location = load(WORKSPACE)["hello.py"]
    wait_until(lambda: location.snapshot.progress == "50%", what="the progress")
    assert location.state is State.LOADING
    with (tmp_path / "gate").open("w"):
        pass
    assert location.wait(30)
    assert (location.state, location.snapshot.progress) == (State.READY, "")


def test_of_endless_output_the_end_is_kept(install: Install, load: Load, hello: Path) -> None:
    opening = """
    script = "import sys; sys.stdout.write('x' * 8_000_000); print('last')"
    done = runtime.run([sys.executable, "-c", script])
    raise LocationError(reason=f"{len(done.stdout) < 3_000_000} {done.stdout[-6:]!r}")
    """
    assert error_of(install, load, opening).message == r"True 'xlast\n'"


def test_a_command_is_not_heard_by_the_terminal_and_reads_nothing(install: Install, load: Load, hello: Path) -> None:
    opening = """
    script = "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()))"
    raise LocationError(reason=runtime.run([sys.executable, "-c", script]).stdout)
    """
    assert error_of(install, load, opening).message == "True ''"


def test_a_command_dies_of_a_closed_pipe_as_in_a_shell(install: Install, load: Load, hello: Path) -> None:
    opening = """runtime.run(["bash", "-c", "yes | head -1; echo ${PIPESTATUS[0]} >&2; exit 1"])"""
    assert str(128 + signal.SIGPIPE) in error_of(install, load, opening).message


def test_a_command_is_stopped_at_its_timeout_with_all_that_it_started(
    install: Install, load: Load, hello: Path, tmp_path: Path
) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    opening = """
    try:
        runtime.run([sys.executable, "stubborn.py"], timeout=1)
    except LocationError as error:
        raise LocationError(reason=f"I was told: {error}") from None
    """
    error = error_of(install, load, opening)
    assert "stubborn.py` was stopped after 1 s" in error.message
    pids = started(tmp_path)
    wait_until(lambda: none_runs(pids), 5, "the end of the command")


def test_a_command_is_stopped_when_the_start_up_limit_passes(
    install: Install, load: Load, hello: Path, tmp_path: Path
) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    text = "load_from: [{plain: {file: hello.py, startup_timeout: 1}}]"
    error = error_of(install, load, """runtime.run([sys.executable, "stubborn.py"])""", text)
    assert error.kind is ErrorKind.STARTUP_TIMEOUT
    pids = started(tmp_path)
    wait_until(lambda: none_runs(pids), 5, "the end of the command")


def test_the_time_that_opening_took_counts(install: Install, load: Load, write: Callable[[str, str], Path]) -> None:
    write("hello.py", "while True: pass")
    text = "load_from: [{plain: {file: hello.py, startup_timeout: 3}}]"
    opening = """
    runtime.run(["sleep", "2"])
    Path(origin.folder, "opened").touch()
    """
    install("plain", location_type(opening))
    workspace = load(text)
    folder = Path(workspace["hello.py"].origin.folder)  # type: ignore[union-attr]
    wait_until((folder / "opened").exists, what="the opening")
    assert workspace.wait(2.5), "it was given the whole time anew"
    error = workspace["hello.py"].error
    assert error is not None
    assert error.kind is ErrorKind.STARTUP_TIMEOUT
    assert "Still not loaded after 3 s" in error.message


def test_closing_the_workspace_stops_a_command_and_all_that_it_started(
    install: Install, load: Load, hello: Path, tmp_path: Path
) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    install("plain", location_type("""runtime.run([sys.executable, "stubborn.py"])"""))
    workspace = load(WORKSPACE)
    pids = started(tmp_path)
    workspace.close()
    assert none_runs(pids)
    assert workspace["hello.py"].state is State.CLOSED


HOST = """
import sys
from skerry import Workspace
with Workspace.load(sys.argv[1]) as workspace:
    workspace.wait()
"""


def test_no_command_outlives_a_host_that_is_killed(
    install: Install, hello: Path, write: Callable[[str, str], Path], tmp_path: Path, site: Path
) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    install("plain", location_type("""runtime.run([sys.executable, "stubborn.py"])"""))
    file = write("workspace.yaml", WORKSPACE)
    host = subprocess.Popen([sys.executable, "-c", HOST, str(file)], env={**os.environ, "PYTHONPATH": str(site)})
    try:
        pids = started(tmp_path)
    finally:
        host.kill()
        host.wait()
    wait_until(lambda: none_runs(pids), 5, "the end of the command")


def test_what_a_command_leaves_running_ends_with_it(install: Install, load: Load, hello: Path, tmp_path: Path) -> None:
    install("plain", location_type("""runtime.run(["sh", "-c", "setsid sleep 600 & echo $! > pids"])"""))
    workspace = load(WORKSPACE)
    assert workspace.wait(30)
    assert workspace["hello.py"].state is State.READY
    pids = started(tmp_path)
    wait_until(lambda: none_runs(pids), 5, "the end of what it left")


def test_progress_after_the_limit_does_not_bring_a_location_back(
    install: Install, load: Load, hello: Path, tmp_path: Path
) -> None:
    opening = """
    def wait_for(name):
        while not Path(origin.folder, name).exists():
            time.sleep(0.01)
    wait_for("failed")
    runtime.progress("still here")
    Path(origin.folder, "told").touch()
    wait_for("seen")
    """
    install("plain", location_type(opening))
    workspace = load("load_from: [{plain: {file: hello.py, startup_timeout: 0.5}}]")
    assert workspace.wait(30)
    (tmp_path / "failed").touch()
    wait_until((tmp_path / "told").exists, what="the late word")
    assert workspace["hello.py"].state is State.FAILED
    (tmp_path / "seen").touch()
