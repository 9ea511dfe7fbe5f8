"""However the host ends, nothing that it started is left; however often it loads, nothing piles up."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.waiting import wait_until

from skerry import State, Workspace

#: The soak takes its time.
LOADS = 1000 if os.environ.get("SKERRY_SOAK") else 30
CHILDREN = Path(__file__).parent.parent / "children"

HOST = """
import sys
from skerry import Workspace
try:
    with Workspace.load(sys.argv[1]) as workspace:
        workspace["starts_grandchildren.py"].wait()
        print(workspace["starts_grandchildren.py"].output(), flush=True)
        workspace.wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """Give a host in a process of its own, in the middle of loading, and the pids of all that it started."""
    file = tmp_path / "workspace.yaml"
    names = ("good.py", "import_never_ends.py", "ignores_sigterm.py", "starts_grandchildren.py")
    file.write_text("load_from:\n" + "".join(f"  - python_file: {CHILDREN / name}\n" for name in names))
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = {int(process.stdout.readline()), int(process.stdout.readline())}
    pids |= {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
    assert len(pids) >= 7
    yield process, pids
    process.kill()
    process.communicate()


def alive(pids: set[int]) -> set[int]:
    found = set()
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.add(pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_host(how: signal.Signals, host: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, pids = host
    process.send_signal(how)
    process.wait(20)
    wait_until(lambda: not alive(pids), 5, "the end of all that the host started")


RELOADING_HOST = """
import sys
from skerry import Workspace
try:
    with Workspace.load(sys.argv[1]) as workspace:
        workspace.wait()
        good = workspace["good.py"]
        while True:
            good.reload()
            print(good.server.pid, flush=True)
except KeyboardInterrupt:
    pass
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("reloads", [1, 2, 5])
def test_no_process_outlives_a_host_that_ends_in_the_middle_of_a_reload(
    how: signal.Signals, reloads: int, tmp_path: Path
) -> None:
    file = tmp_path / "workspace.yaml"
    file.write_text(f"load_from:\n  - python_file: {CHILDREN / 'good.py'}\n")
    process = subprocess.Popen(
        [sys.executable, "-c", RELOADING_HOST, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        pids = {int(process.stdout.readline()) for _ in range(reloads)}
        pids |= {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        process.send_signal(how)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "Traceback" not in errors
    wait_until(lambda: not alive(pids), 5, "the end of all that the host started")


def test_one_ctrl_c_is_enough(host: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, pids = host
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody in the foreground
    output, error = process.communicate(timeout=20)
    assert "interrupted" in output
    assert "Traceback" not in error
    assert not alive(pids)


def test_a_terminals_signals_reach_the_host_alone(host: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, pids = host
    assert os.getpgid(process.pid) not in {os.getpgid(pid) for pid in alive(pids)}


def test_no_user_process_outlives_its_fork_server(tmp_path: Path, nothing_left: None) -> None:
    file = tmp_path / "workspace.yaml"
    names = ("good.py", "import_never_ends.py")
    file.write_text("load_from:\n" + "".join(f"  - python_file: {CHILDREN / name}\n" for name in names))
    with Workspace.load(file) as workspace:
        assert workspace["good.py"].wait(30)
        wait_until(lambda: workspace["import_never_ends.py"].server is not None)
        servers = [location.server for location in workspace]
        pids = {server.pid for server in servers if server is not None and server.pid is not None}
        assert len(pids) == 2
        psutil.Process(min(pids)).parent().kill()  # type: ignore[union-attr]
        wait_until(lambda: not alive(pids), 5, "the end of the user processes")
        good, never_ends = workspace
        wait_until(lambda: good.state is State.READY and good.server not in servers, what="a new process")
        wait_until(lambda: never_ends.server is not None and never_ends.server not in servers, what="another import")


def test_load_after_load_leaves_no_process_thread_file_or_memory(tmp_path: Path, nothing_left: None) -> None:
    file = tmp_path / "workspace.yaml"
    names = ("good.py", "raises.py", "os_exit.py")
    file.write_text("load_from:\n" + "".join(f"  - python_file: {CHILDREN / name}\n" for name in names))
    me = psutil.Process()

    def load(times: int) -> tuple[int, int]:
        for _ in range(times):
            with Workspace.load(file) as workspace:
                assert workspace.wait(30)
                assert [location.state for location in workspace] == [State.READY, State.FAILED, State.FAILED]
        gc.collect()
        return me.num_fds(), threading.active_count()

    before = load(10)
    memory = me.memory_info().rss
    assert load(LOADS) == before
    assert not [child for child in me.children() if child.status() == psutil.STATUS_ZOMBIE]
    assert me.memory_info().rss - memory < 5 * 1024 * 1024


def test_closing_from_many_threads_at_once_is_closing(tmp_path: Path, nothing_left: None) -> None:
    file = tmp_path / "workspace.yaml"
    file.write_text(f"load_from: [{{python_file: {CHILDREN / 'good.py'}}}]")
    workspace = Workspace.load(file)
    threads = [threading.Thread(target=workspace.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert workspace["good.py"].state is State.CLOSED


def test_a_workspace_that_is_never_closed_does_not_keep_the_program(tmp_path: Path) -> None:
    file = tmp_path / "workspace.yaml"
    file.write_text(f"load_from: [{{python_file: {CHILDREN / 'import_never_ends.py'}}}]")
    program = f"from skerry import Workspace; workspace = Workspace.load({str(file)!r})"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_temporary_folders_of_any_length_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("t" * 100) / ("u" * 60)
    long.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(long))
    file = tmp_path / "workspace.yaml"
    file.write_text(f"load_from: [{{python_file: {CHILDREN / 'good.py'}}}]")
    with Workspace.load(file) as workspace:
        assert workspace.wait(30)
        assert workspace["good.py"].state is State.READY
    assert os.listdir(long) == []
