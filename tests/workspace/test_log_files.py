"""What user code writes is in log files, whoever dies, and whatever becomes of the disk; it never waits for them."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.logs import files, order, wait_for, written
from support.waiting import wait_until

from skerry import State, Workspace
from skerry.code_server import log_files, log_folder
from skerry.user_process.masked_lines import BLOCK

Write = Callable[[str, str], Path]
Open = Callable[..., Workspace]

CHILDREN = Path(__file__).parent.parent / "children"
DEFINES = "from skerry import pipeline\n\n@pipeline\ndef p(): ...\n"


@pytest.fixture
def hold_open(write: Write, nothing_left: None) -> Iterator[Open]:
    """Load a workspace as one that is held open, with log files; it is closed in the end."""
    workspaces = []

    def load(text: str) -> Workspace:
        workspaces.append(Workspace.load(write("workspace.yaml", text), log_output=True))
        assert workspaces[-1].wait(60)
        return workspaces[-1]

    yield load
    for workspace in workspaces:
        workspace.close()


@pytest.fixture
def obeying(hold_open: Open, tmp_path: Path) -> Workspace:
    """Give a workspace whose location ``team`` runs what ``order`` says."""
    shutil.copy(CHILDREN / "obeys.py", tmp_path)
    workspace = hold_open("load_from: [{python_file: {relative_path: obeys.py, location_name: team}}]")
    assert workspace["team"].state is State.READY, workspace["team"].error
    wait_until(lambda: len(files(tmp_path)) == 1, what="the log file")
    return workspace


def generations(folder: Path) -> list[str]:
    return [path.name.split("-")[1] for path in files(folder)]


def test_the_last_line_before_the_end_is_there(hold_open: Open, tmp_path: Path) -> None:
    hold_open(f"load_from: [{{python_file: {CHILDREN / 'os_exit.py'}}}]")
    wait_for(tmp_path, b"the last line before the end\n")


def test_a_megabyte_and_bytes_that_are_no_text_are_there_as_they_were(hold_open: Open, tmp_path: Path) -> None:
    hold_open(f"load_from: [{{python_file: {CHILDREN / 'prints_binary.py'}}}]").close()
    assert written(tmp_path) == b"\xff\xfe\x00\n" + b"y" * 1024 * 1024 + b"\ndone\n"


def test_a_line_that_has_not_ended_is_there(obeying: Workspace, tmp_path: Path) -> None:
    order(tmp_path, "print('connecting ...', end='', flush=True)")
    wait_for(tmp_path, b"connecting ...")


def test_each_load_has_files_of_its_own(hold_open: Open, write: Write, tmp_path: Path) -> None:
    write("code.py", f"print('first')\n{DEFINES}")
    workspace = hold_open("load_from: [{python_file: code.py}]")
    write("code.py", "print('second')\n1 / 0\n")
    assert workspace["code.py"].reload().error is not None
    write("code.py", f"print('third')\n{DEFINES}")
    assert workspace["code.py"].reload().new_generation == 2
    workspace.close()
    assert generations(tmp_path) == ["g1", "g2", "g2"]
    assert [path.read_text() for path in files(tmp_path)] == ["first\n", "second\n", "third\n"]


def test_nothing_is_written_unless_it_is_asked_for(hello: Path, write: Write, tmp_path: Path) -> None:
    with Workspace.load(write("workspace.yaml", "load_from: [{python_file: hello.py}]")) as workspace:
        assert workspace.wait(60)
    assert not (tmp_path / ".skerry").exists()


# -- how much is kept -------------------------------------------------------------------------------------------------


def test_of_a_flood_the_newest_is_kept(hold_open: Open, tmp_path: Path) -> None:
    hold_open(f"load_from: [{{python_file: {CHILDREN / 'prints_without_end.py'}}}]")
    wait_until(lambda: written(tmp_path).endswith(b"the end\n"), what="the end of what it has written")
    kept = written(tmp_path)
    limit = log_folder.PARTS_KEPT * (log_folder.PART_SIZE + BLOCK)
    assert limit // 3 < len(kept) < limit
    assert kept.endswith(b"complaint\ncomplaint\nthe end\n")
    assert len(files(tmp_path)) == log_folder.PARTS_KEPT


def test_of_many_loads_the_newest_are_kept_and_that_which_serves(
    hold_open: Open, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "LOADS_KEPT", 3)
    write("code.py", f"print('it serves')\n{DEFINES}")
    location = hold_open("load_from: [{python_file: code.py}]")["code.py"]
    for number in range(5):
        write("code.py", f"print('failure {number}')\n1 / 0\n")
        assert location.reload().error is not None
    write("code.py", f"print('the last')\n{DEFINES}")
    wait_until(lambda: written(tmp_path) == b"it serves\nfailure 3\nfailure 4\n", what="the removal of the oldest")
    assert location.reload().new_generation == 2
    wait_until(lambda: written(tmp_path) == b"it serves\nfailure 4\nthe last\n", what="the removal of the oldest")


HOST = """
import sys
from skerry import Workspace
from skerry.code_server import log_files

log_files.LOADS_KEPT = 1
with Workspace.load(sys.argv[1], log_output=True) as workspace:
    workspace.wait()
    for line in sys.stdin:
        workspace["code.py"].reload()
        print("reloaded", flush=True)
"""


class Host:
    """Another process that holds the same workspace open; it keeps one load of its own."""

    def __init__(self, workspace_file: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOST, str(workspace_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def reload(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "reloaded\n"

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate(timeout=30)


def test_hosts_that_share_a_workspace_write_into_different_files_and_remove_none_of_each_other(
    hold_open: Open, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "LOADS_KEPT", 2)
    write("code.py", f"import os\nprint('loaded below', os.getppid())\n{DEFINES}")
    location = hold_open("load_from: [{python_file: code.py}]")["code.py"]
    location.reload()
    ours = files(tmp_path)
    assert len(ours) == 2
    other, another = Host(tmp_path / "workspace.yaml"), Host(tmp_path / "workspace.yaml")
    try:
        for host in (other, another, other, another):
            host.reload()
        assert set(ours) < set(files(tmp_path)), "what ended is not theirs to remove either"
        assert generations(tmp_path).count("g1") == 1
    finally:
        other.end()
        another.end(kill=True)
    location.reload()
    wait_until(lambda: len(files(tmp_path)) == 2, what="the removal of what the dead have left")
    assert files(tmp_path)[0] == ours[-1], "it served when the last load began"


def test_what_tells_that_a_dead_host_was_alive_is_cleared_away(hold_open: Open, hello: Path, tmp_path: Path) -> None:
    logs = tmp_path / ".skerry" / "logs"
    logs.mkdir(parents=True)
    (logs / ".0badcafe.lock").touch()
    workspace = hold_open("load_from: [{python_file: hello.py}]")
    wait_until(lambda: len(files(tmp_path)) == 1, what="the log file")
    assert len([*logs.glob(".*.lock")]) == 1
    assert not (logs / ".0badcafe.lock").exists()
    workspace.close()
    assert [*logs.glob(".*.lock")] == []


# -- for whom it is ---------------------------------------------------------------------------------------------------


def test_only_this_user_can_read_them(hold_open: Open, hello: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        hold_open("load_from: [{python_file: hello.py}]").close()
    finally:
        os.umask(before)
    logs = tmp_path / ".skerry" / "logs"
    assert files(logs)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [logs, *logs.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


TOKEN = "correct-horse-battery"
SECRET = "load_from: [{python_file: {relative_path: %s, location_name: team, env: {TOKEN: '${TOKEN}', PIPE: p}}}]"


def test_secrets_are_masked_however_they_come(
    hold_open: Open, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    code = """
        import os

        token = os.environ["TOKEN"].encode()
        os.write(1, b"whole " + token + b" \\xff\\n")
        for byte in token:  # each may come alone
            os.write(1, bytes([byte]))
        os.write(1, b"\\rprogress " + token)
        os.write(1, b"\\n" + b"x" * 65_530 + token + b"\\n")
        os.write(1, b"y" * 300_000 + token + b"z" * 300_000 + token)
        os._exit(3)
    """
    write("prints.py", code)
    hold_open(SECRET % "prints.py").close()
    kept = written(tmp_path)
    assert kept.startswith(b"whole *** \xff\n***\rprogress ***\nxxx")
    assert kept.endswith(b"x***\n" + b"y" * 300_000 + b"***" + b"z" * 300_000 + b"***")


def test_a_secret_that_is_written_in_pieces_is_masked(
    hold_open: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    shutil.copy(CHILDREN / "obeys.py", tmp_path)
    workspace = hold_open(SECRET % "obeys.py")
    order(tmp_path, "os.write(1, os.environ['TOKEN'][:10].encode())")
    wait_until(lambda: workspace["team"].output() == TOKEN[:10], what="the first piece")
    order(tmp_path, "os.write(1, os.environ['TOKEN'][10:].encode() + b'\\n')")
    wait_for(tmp_path, b"***\n")
    assert written(tmp_path) == b"***\n"


def test_the_secrets_of_a_generation_are_masked_in_its_files(
    hold_open: Open, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    write("prints.py", f"import os\nprint('token', os.environ['TOKEN'])\n{DEFINES}")
    workspace = hold_open(SECRET % "prints.py")
    monkeypatch.setenv("TOKEN", "tr0ub4dor&3")
    assert workspace["team"].reload().error is None
    workspace.close()
    assert written(tmp_path) == b"token ***\n" * 2


# -- where they are ---------------------------------------------------------------------------------------------------

NAMES = ["../../etc/passwd", "/etc/passwd", "..", "a/b", "team", "TEAM", "é" * 300, "\u202egnp.exe"]


def test_no_name_leads_out_of_the_state_folder(
    hold_open: Open, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "deep" / "below" / "home"
    monkeypatch.setenv("SKERRY_HOME", str(home))
    hello.write_text(hello.read_text() + "\nimport os\nprint(os.environ['NAME'])\n")
    entries = [
        {"python_file": {"relative_path": "hello.py", "location_name": name, "env": {"NAME": str(number)}}}
        for number, name in enumerate(NAMES)
    ]
    workspace = hold_open(json.dumps({"load_from": entries}))
    assert [location.error for location in workspace] == [None] * len(NAMES)
    workspace.close()
    logs = home / "logs"
    assert files(logs) == files(tmp_path)
    folders = [path for path in logs.iterdir() if path.is_dir()]
    assert len({path.name.lower() for path in folders}) == len(NAMES)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}-[0-9a-f]{16}", path.name) for path in folders)
    assert sorted(path.read_text() for path in files(logs)) == [f"{number}\n" for number in range(len(NAMES))]


def test_skerry_home_moves_them(hold_open: Open, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKERRY_HOME", str(tmp_path / "home"))
    hold_open("load_from: [{python_file: hello.py}]").close()
    assert files(tmp_path / "home" / "logs")
    assert not (tmp_path / ".skerry").exists()


def test_version_control_is_told_to_ignore_them(hold_open: Open, hello: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    hold_open("load_from: [{python_file: hello.py}]").close()
    assert files(tmp_path)
    status = ["git", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all"]
    assert "skerry" not in subprocess.run(status, check=True, capture_output=True, text=True).stdout


# -- disks that misbehave ---------------------------------------------------------------------------------------------


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_where_the_workspace_folder_cannot_be_written_the_users_own_is_taken(
    hold_open: Open, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".skerry").touch()  # no folder can be made there, not even by root
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    hold_open("load_from: [{python_file: hello.py}]").close()
    (path,) = files(tmp_path / "mine" / "skerry")
    assert path.parent.parent.name == "logs"
    assert (path.parent.parent.parent / ".gitignore").read_text() == "*\n"
    assert warnings(caplog) == []


def test_where_nothing_can_be_written_all_loads_and_one_warning_says_so(
    hold_open: Open, hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".skerry").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ".skerry"))
    hello.write_text(hello.read_text() + "\nprint('hello')\n")
    entries = [{"python_file": {"relative_path": "hello.py", "location_name": str(number)}} for number in range(5)]
    workspace = hold_open(json.dumps({"load_from": entries}))
    assert {location.state for location in workspace} == {State.READY}
    assert workspace["4"].output() == "hello\n"
    assert workspace["4"].reload().new_generation == 2
    workspace.close()
    (warning,) = warnings(caplog)
    assert warning.startswith("What user code writes is missing in its log files. No logs folder can be written: ")
    assert f"{tmp_path}/.skerry/logs (" in warning
    assert warning.endswith("Set SKERRY_HOME to a folder that this user can write.")


def test_what_could_not_be_written_for_a_while_is_said_to_be_missing(
    obeying: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order(tmp_path, "print('before')")
    wait_for(tmp_path, b"before\n")
    (path,) = files(tmp_path)
    path.unlink()
    path.mkdir()  # now it cannot be written
    order(tmp_path, *(f"print({number})" for number in range(1000)))
    wait_until(lambda: bool(warnings(caplog)), what="the warning")
    wait_until(lambda: obeying["team"].output().endswith("999\n"), what="the output in memory")
    path.rmdir()
    order(tmp_path, "print('after')")
    wait_for(tmp_path, b"after\n")
    assert re.fullmatch(rb"\[skerry: \d{2,4} bytes are missing here\]\n(\d+\n)*after\n", path.read_bytes())
    (warning,) = warnings(caplog)
    assert warning.startswith(f"What user code writes is missing in its log files. {path}: Is a directory.\n")


def test_a_removed_folder_is_made_again(obeying: Workspace, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / ".skerry")
    order(tmp_path, "print('after')")
    wait_for(tmp_path, b"after\n")


def test_a_disk_that_does_not_answer_holds_nobody_up(
    obeying: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "CLOSE_WAIT", 0.1)
    monkeypatch.setattr(log_folder, "PART_SIZE", 1 << 30)
    (path,) = files(tmp_path)
    path.unlink()
    os.mkfifo(path)  # whoever opens it to write waits for somebody who reads
    order(tmp_path, "print('begun')", *(f"os.write(1, b'{number:099}\\n' * 10_000)" for number in range(10)))
    order(tmp_path, "print('the end')")
    location = obeying["team"]
    wait_until(lambda: location.output().endswith("the end\n"), what="the output in memory")
    assert location.reload().new_generation == 2, "other work goes on"
    obeying.close()
    late = b""
    descriptor = os.open(path, os.O_RDWR)  # the disk answers
    while not late.endswith(b"the end\n"):
        late += os.read(descriptor, 65536)
    os.close(descriptor)
    assert len(late) < 2 * log_files.WAITING, "of ten megabytes"
    assert re.fullmatch(rb"(begun)?[\d\n]*\n\[skerry: \d{6,7} bytes are missing here\]\n[\d\n]*the end\n", late)


def test_closing_waits_for_a_disk_that_is_slow(obeying: Workspace, tmp_path: Path) -> None:
    (path,) = files(tmp_path)
    path.unlink()
    os.mkfifo(path)
    order(tmp_path, "os.write(1, b'the last\\n')")  # at once: its reader may meet the end between two pieces
    wait_until(lambda: obeying["team"].output() == "the last\n", what="the output in memory")
    closed = threading.Event()

    def close() -> None:
        obeying.close()
        closed.set()

    closing = threading.Thread(target=close)
    closing.start()
    assert not closed.wait(0.5)
    assert path.read_bytes() == b"the last\n"
    assert closed.wait(30)
    closing.join()


def test_a_secret_is_masked_or_gone_where_something_is_missing(
    hold_open: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_folder, "PART_SIZE", 1 << 30)
    monkeypatch.setenv("TOKEN", "".join(f"{number:04}-" for number in range(400)))
    shutil.copy(CHILDREN / "obeys.py", tmp_path)
    workspace = hold_open(SECRET % "obeys.py")
    wait_until(lambda: len(files(tmp_path)) == 1, what="the log file")
    (path,) = files(tmp_path)
    path.unlink()
    os.mkfifo(path)
    block = "os.write(1, (os.environ['TOKEN'].encode() + b'\\n') * 50)"  # what comes is cut anywhere
    order(tmp_path, f"for _ in range(100): {block}", "print('the end')")
    wait_until(lambda: workspace["team"].output().endswith("the end\n"), what="the output in memory")
    kept = b""
    descriptor = os.open(path, os.O_RDWR)
    while not kept.endswith(b"the end\n"):
        kept += os.read(descriptor, 65536)
    os.close(descriptor)
    path.unlink()
    assert re.fullmatch(rb"(\*\*\*\n)*\[skerry: \d+ bytes are missing here\]\n(\*\*\*\n)+the end\n", kept)
