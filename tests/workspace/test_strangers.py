"""A process is never ended by a stored pid: one that has taken over the pid of one of ours is left alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.namespaces import making

CHILDREN = Path(__file__).parent.parent / "children"

#: Runs where it alone decides which pid comes next. ``taken(pid)`` starts a stranger that has the pid of a process that
#: has ended; each must still be there after whatever ``then`` does.
BEGIN = """
import contextlib, os, signal, subprocess, sys, time
from skerry import RunStatus, State, Workspace
from skerry.code_server import local, runs

for module, names in {local: ("STOP_GRACE", "TERMINATE_GRACE"), runs: ("CANCEL_GRACE",)}.items():
    for name in names:
        assert hasattr(module, name)
        setattr(module, name, 0.2)
strangers = []

def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.01)

def is_there(pid):
    return os.path.exists(f"/proc/{pid}")

def taken(*pids):
    for pid in pids:
        wait_for(lambda: not is_there(pid))
        while True:
            with open("/proc/sys/kernel/ns_last_pid", "w") as last:
                last.write(str(pid - 1))
            stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
            if stranger.pid == pid:
                break
            stranger.kill()
            stranger.wait()
        strangers.append(stranger)

def one(folder="."):
    workspace = Workspace.load("workspace.yaml")
    (location,) = workspace
    assert location.wait(30) and location.state is State.READY, location.error
    return workspace, location

def told(run):
    return int(next(event.data["message"] for event in run.events() if event.solid == "wait" and event.data))

def waiting(location, **options):
    config = {"solids": {"wait": {"config": {"file": "/nowhere"}}}}
    run = location.launch("waiting", run_config=config, **options)
    return run, told(run)

def parent(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])
"""
END = """
time.sleep(1)  # all that could be sent to them has been
print([stranger.poll() for stranger in strangers])
"""

STORIES = {
    "a user process that was killed": """
        workspace, location = one()
        pid = location.server.pid
        os.kill(pid, signal.SIGKILL)
        taken(pid)
        wait_for(lambda: location.state is State.READY and location.server.pid != pid)
        location.reload()
        workspace.close()
    """,
    "a generation that was replaced": """
        workspace, location = one()
        pid = location.server.pid
        assert location.reload().error is None
        taken(pid)
        time.sleep(1)
        workspace.close()
    """,
    "a run that was killed, and its keeper": """
        workspace, location = one()
        run, pid = waiting(location)
        keeper = parent(pid)
        os.kill(keeper, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # it ends with its keeper
            os.kill(pid, signal.SIGKILL)
        taken(pid, keeper)
        run.cancel()
        workspace.launched(run.id).cancel()
        assert run.wait(30).status is RunStatus.FAILED
        run.detach()
        workspace.close()
    """,
    "a run whose host was killed": """
        child = os.fork()
        if child == 0:
            workspace, location = one()
            run, pid = waiting(location, run_id="mine")
            with open("pids", "w") as file:
                print(pid, parent(pid), location.server.pid, file=file)
            os.rename("pids", "all-pids")
            time.sleep(600)
        wait_for(lambda: os.path.exists("all-pids"))
        pids = [int(word) for word in open("all-pids").read().split()]
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        taken(*pids)
        workspace, location = one()
        run = workspace.launched("mine")
        run.cancel()
        assert run.wait(30).status in (RunStatus.FAILED, RunStatus.CANCELED)
        workspace.close()
    """,
}


@pytest.mark.parametrize("story", STORIES)
def test_who_has_taken_over_a_pid_is_left_alone(story: str, tmp_path: Path) -> None:
    sets_the_next_pid = ("sh", "-c", "echo 1000 > /proc/sys/kernel/ns_last_pid")
    alone = making(["--pid", "--fork", "--mount-proc", "--kill-child"], sets_the_next_pid, "util-linux")
    shutil.copy(CHILDREN / "runs.py", tmp_path)
    (tmp_path / "workspace.yaml").write_text("load_from: [python_file: runs.py]\n")
    (tmp_path / "story.py").write_text(BEGIN + textwrap.dedent(STORIES[story]) + END)
    told = subprocess.run(
        [*alone, sys.executable, "story.py"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    answers = told.stdout.strip()
    assert answers in ("[None]", "[None, None]", "[None, None, None]"), answers
