"""``skerry logs``: what code has written, without loading any, whether or not something runs."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import environment, skerry
from support.logs import files, order, wait_for
from support.servers import serving
from support.terminal import at_a_terminal
from support.waiting import wait_until

from skerry import Workspace
from skerry.code_server import log_folder

Write = Callable[[str, str], Path]

CHILDREN = Path(__file__).parent.parent / "children"
DEFINES = "from skerry import pipeline\n\n@pipeline\ndef p(): ...\n"
HEAD = re.compile(r"generation (\d+), begun \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}(; its beginning is not kept)?\n")


def keep(file: Path, loads: int = 1) -> None:
    """Load a workspace as one that is held open, reload all of it, and close it."""
    with Workspace.load(file, log_output=True) as workspace:
        assert workspace.wait(60)
        for _ in range(loads - 1):
            for location in workspace:
                location.reload()


def logs(folder: Path, *arguments: str) -> tuple[int, bytes, str]:
    """Run ``skerry logs``; gives its exit code, what it printed, and what it said on stderr."""
    result = subprocess.run(
        [sys.executable, "-m", "skerry", "logs", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr.decode()


class Following:
    """A ``skerry logs -f`` in the background; ``interrupt`` is Ctrl-C."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._printed = folder / "printed"
        self._said = folder / "said"
        with self._printed.open("wb") as out, self._said.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "skerry", "logs", "-f", *arguments],
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def printed(self) -> bytes:
        return self._printed.read_bytes()

    @property
    def said(self) -> str:
        return self._said.read_text()

    def wait_for(self, words: bytes) -> None:
        wait_until(lambda: words in self.printed or self.process.poll() is not None, what=f"{words!r}")
        assert words in self.printed, self.said

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def follow() -> Iterator[Callable[..., Following]]:
    """Start ``skerry logs -f``; it is ended in the end."""
    started = []

    def start(folder: Path, *arguments: str) -> Following:
        started.append(Following(folder, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait(30)


# -- what is printed --------------------------------------------------------------------------------------------------


def test_what_code_wrote_before_it_ended_is_printed_without_loading_it(write: Write, tmp_path: Path) -> None:
    text = "import os\n\nprint('loaded', open('count', 'a').write('x'))\nprint('the end')\nos._exit(3)\n"
    code = write("code.py", text)
    keep(write("workspace.yaml", "load_from: [{python_file: code.py}]"))
    code.unlink()
    exit_code, printed, said = logs(tmp_path, "code.py")
    assert (exit_code, printed) == (0, b"loaded 1\nthe end\n")
    assert HEAD.fullmatch(said)
    assert (tmp_path / "count").read_text() == "x"


def test_into_a_pipe_it_prints_the_very_bytes(write: Write, tmp_path: Path) -> None:
    keep(write("workspace.yaml", f"load_from: [{{python_file: {CHILDREN / 'prints_binary.py'}}}]"))
    _, printed, _ = logs(tmp_path, "prints_binary.py")
    assert printed == b"\xff\xfe\x00\n" + b"y" * 1024 * 1024 + b"\ndone\n"


def test_on_a_terminal_nothing_disturbs_it(write: Write, tmp_path: Path) -> None:
    text = b"\x1b[2Jcleared \xff " + "\u202e\r\nü".encode()
    write("code.py", f"import os\nos.write(1, {text!r})\n")
    keep(write("workspace.yaml", "load_from: [{python_file: code.py}]"))
    exit_code, shown = at_a_terminal(tmp_path, "logs", "code.py")
    assert exit_code == 0
    assert shown.endswith("\r\n"), "the next prompt begins a line"
    head, *lines = shown.splitlines()
    assert HEAD.fullmatch(head + "\n")
    assert lines == ["\\x1b[2Jcleared \\xff \\u202e", "ü"]


def test_the_newest_load_is_printed_or_that_of_a_generation(write: Write, tmp_path: Path) -> None:
    write("code.py", f"import os\nprint('load', open('count', 'a').write('x') and os.path.getsize('count'))\n{DEFINES}")
    keep(write("workspace.yaml", "load_from: [{python_file: code.py}]"), loads=3)
    assert logs(tmp_path, "code.py")[1] == b"load 3\n"
    assert logs(tmp_path, "code.py", "--generation", "1")[1] == b"load 1\n"
    keep(tmp_path / "workspace.yaml")
    exit_code, printed, said = logs(tmp_path, "code.py")
    assert (exit_code, printed) == (0, b"load 4\n")
    assert said.startswith("generation 1, ")
    assert logs(tmp_path, "code.py", "--generation", "2")[1] == b"load 2\n"


def test_a_load_that_wrote_nothing_is_said_to_have(write: Write, hello: Path, tmp_path: Path) -> None:
    keep(write("workspace.yaml", "load_from: [{python_file: hello.py}]"))
    exit_code, printed, said = logs(tmp_path, "hello.py")
    assert (exit_code, printed) == (0, b"")
    assert said.splitlines()[1] == "It has written nothing."


def test_a_beginning_that_is_not_kept_is_said_to_be_missing(write: Write, tmp_path: Path) -> None:
    keep(write("workspace.yaml", f"load_from: [{{python_file: {CHILDREN / 'prints_without_end.py'}}}]"))
    _, printed, said = logs(tmp_path, "prints_without_end.py")
    assert printed.endswith(b"complaint\nthe end\n")
    assert "; its beginning is not kept" in said


# -- following --------------------------------------------------------------------------------------------------------


def test_following_goes_on_with_what_comes_and_ends_at_ctrl_c(
    write: Write, tmp_path: Path, follow: Callable[..., Following], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_folder, "PART_SIZE", 10_000)
    shutil.copy(CHILDREN / "obeys.py", tmp_path)
    file = write("workspace.yaml", "load_from: [{python_file: {relative_path: obeys.py, location_name: team}}]")
    with Workspace.load(file, log_output=True) as workspace:
        assert workspace.wait(60)
        order(tmp_path, "print('before')")
        following = follow(tmp_path, "team")
        following.wait_for(b"before\n")
        for number in range(30):  # over many rotations
            order(tmp_path, f"print('{number:03}' * 1000)")
            following.wait_for(f"{number:03}\n".encode())
        order(tmp_path, "print('not ended', end='', flush=True)")
        following.wait_for(b"not ended")
        assert workspace["team"].reload().new_generation == 2
        order(tmp_path, "print('from the second')")
        following.wait_for(b"from the second\n")
    assert following.interrupt() == 130
    lines = [f"{number:03}" * 1000 for number in range(30)]
    assert following.printed.decode() == "\n".join(["before", *lines, "not endedfrom the second\n"])
    assert [match[1] for match in HEAD.finditer(following.said)] == ["1", "2"]
    assert HEAD.sub("", following.said).strip() == ""


def test_following_waits_for_what_is_not_there_yet(
    write: Write, hello: Path, tmp_path: Path, follow: Callable[..., Following]
) -> None:
    hello.write_text(f"print('hello')\n{hello.read_text()}")
    file = write("workspace.yaml", "load_from: [{python_file: hello.py}]")
    following = follow(tmp_path, "hello.py", "--generation", "2")
    wait_until(lambda: "Nothing is kept of what 'hello.py' has written" in following.said, what="the sentence")
    keep(file, loads=3)
    following.wait_for(b"hello\n")
    assert following.interrupt() == 130
    assert following.printed == b"hello\n", "of the second generation alone"


# -- which location ---------------------------------------------------------------------------------------------------


def test_an_unknown_name_is_told_with_the_known_ones(write: Write, hello: Path, tmp_path: Path) -> None:
    write("workspace.yaml", "load_from: [{python_file: hello.py}, {python_file: {relative_path: a.py}}]")
    for name in ("hallo.py", "hello.py/hello_repository"):
        result = skerry(tmp_path, "logs", name)
        assert (result.returncode, result.stdout) == (2, "")
        assert "There are: hello.py, a.py.\n" in result.stderr
        assert ("Did you mean 'hello.py'?" in result.stderr) == (name == "hallo.py")


def test_where_nothing_is_kept_it_says_so_and_what_to_do(write: Write, hello: Path, tmp_path: Path) -> None:
    write("workspace.yaml", "load_from: [{python_file: hello.py}]")
    assert skerry(tmp_path, "inspect").returncode == 0
    result = skerry(tmp_path, "logs", "hello.py")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Nothing is kept of what 'hello.py' has written, in ")
    assert f"{tmp_path}/.skerry/logs" in result.stderr
    assert "while `skerry dev` or `skerry api grpc` holds a location open" in result.stderr


def test_an_unknown_generation_is_told_with_those_that_are_kept(write: Write, hello: Path, tmp_path: Path) -> None:
    keep(write("workspace.yaml", "load_from: [{python_file: hello.py}]"), loads=2)
    result = skerry(tmp_path, "logs", "hello.py", "--generation", "7")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "Nothing is kept of generation 7 of 'hello.py'.\nThere are: 1, 2.\n"


def test_names_are_selected_as_everywhere(write: Write, tmp_path: Path) -> None:
    names = ["a", "a/b", "\u202egnp.exe", "é" * 300]
    write("code.py", f"import os\nprint(os.environ['NAME'])\n{DEFINES}")
    entries = [
        {"python_file": {"relative_path": "code.py", "location_name": name, "env": {"NAME": str(number)}}}
        for number, name in enumerate(names)
    ]
    keep(write("workspace.yaml", json.dumps({"load_from": entries})))
    for number, name in enumerate(["a", "a/b", "\\u202egnp.exe", "é" * 300]):
        assert logs(tmp_path, name)[1].decode() == f"{number}\n"


def test_a_workspace_file_that_cannot_be_used_is_shown(write: Write, tmp_path: Path) -> None:
    write("broken.yaml", "load_from: [\n")
    result = skerry(tmp_path, "logs", "a", "-w", "broken.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert "broken.yaml:1:12: error: The `[` is not closed." in result.stderr


def test_a_location_whose_entry_is_gone_is_still_found(write: Write, hello: Path, tmp_path: Path) -> None:
    hello.write_text(f"print('hello')\n{hello.read_text()}")
    keep(write("workspace.yaml", "load_from: [{python_file: hello.py}]"))
    write("workspace.yaml", "load_from: []")
    assert logs(tmp_path, "hello.py")[1] == b"hello\n"


def test_what_a_code_server_serves_is_found_in_its_folder(hello: Path, tmp_path: Path) -> None:
    hello.write_text(f"print('hello')\n{hello.read_text()}")
    empty = skerry(tmp_path, "logs", "hello.py")
    assert empty.returncode == 2
    assert "There is no workspace.yaml in " in empty.stderr
    with serving(tmp_path, "-f", "hello.py") as server:
        server.wait_for("generation 1 of hello.py is READY")
        wait_for(tmp_path, b"hello\n")
        assert logs(tmp_path, "hello.py")[1] == b"hello\n"
        assert "WARNING" not in server.log
    assert logs(tmp_path, "hello.py")[1] == b"hello\n"


def test_a_host_that_was_killed_leaves_what_it_wrote(hello: Path, tmp_path: Path) -> None:
    hello.write_text(f"print('hello')\n{hello.read_text()}")
    with serving(tmp_path, "-f", "hello.py") as server:
        wait_for(tmp_path, b"hello\n")
        server.process.kill()
        server.wait_for_end()
    assert logs(tmp_path, "hello.py")[1] == b"hello\n"
    assert len(files(tmp_path)) == 1


def test_what_skerry_dev_holds_open_is_found(write: Write, hello: Path, tmp_path: Path) -> None:
    hello.write_text(f"print('hello')\n{hello.read_text()}")
    write("workspace.yaml", "load_from: [{python_file: hello.py}]")
    dev = subprocess.Popen(
        [sys.executable, "-m", "skerry", "dev"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(tmp_path, b"hello\n")
    finally:
        dev.terminate()
        dev.wait(30)
    assert logs(tmp_path, "hello.py")[1] == b"hello\n"


def test_it_is_found_where_it_was_kept_because_the_workspace_folder_cannot_be_written(
    hello: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".skerry").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    hello.write_text(f"print('hello')\n{hello.read_text()}")
    keep(write("workspace.yaml", "load_from: [{python_file: hello.py}]"))
    assert logs(tmp_path, "hello.py")[1] == b"hello\n"


def test_a_code_server_that_can_write_nowhere_serves_and_says_so_once(hello: Path, tmp_path: Path) -> None:
    (tmp_path / ".skerry").touch()
    with serving(tmp_path, "-f", "hello.py", XDG_STATE_HOME=str(tmp_path / ".skerry")) as server:
        server.wait_for("generation 1 of hello.py is READY")
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded")
    assert server.log.count("What user code writes is missing in its log files.") == 1


def test_a_full_disk_costs_only_what_has_no_room(hello: Path, tmp_path: Path) -> None:
    hello.write_text(f"print('x' * 100_000)\n{hello.read_text()}")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))"
    with serving(tmp_path, "-f", "hello.py", settings=limit) as server:
        server.wait_for("is READY")
        server.wait_for("What user code writes is missing in its log files.")
        (path,) = files(tmp_path)
        assert f"{path}: File too large." in server.log
        wait_until(lambda: server.printed.count("x") == 100_000, what="all of it on stdout")
    assert logs(tmp_path, "hello.py")[1] == b"x" * 20_000
