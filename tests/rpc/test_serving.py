"""A code server, and a workspace that shows it: the way through."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.commands import skerry
from support.servers import Server, alive, serving
from support.waiting import wait_until

from skerry import ErrorKind, State, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]


HELLO_CODE = "from skerry import pipeline\n\n@pipeline\ndef daily():\n    pass\n"


def entry(port: int) -> str:
    return f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]"


def test_what_a_server_serves_is_shown_as_if_it_were_here(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py", SKERRY_CURRENT_IMAGE="team:1.5") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        assert remote.state is State.READY
        (repository,) = remote.repositories
        assert [pipeline.name for pipeline in repository.pipelines] == ["hello_pipeline"]
        assert remote.server is not None
        assert (remote.server.image, remote.server.generation) == ("team:1.5", 1)


def test_broken_code_is_served_as_an_error_with_the_users_own_line_and_its_image(write: Write, load: Load) -> None:
    write("broken.py", "SETTINGS = {}\nSETTINGS['horizon']\n")
    folder = write("x", "").parent
    with serving(folder, "--python-file", "broken.py", SKERRY_CURRENT_IMAGE="team:1.6") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        assert remote.state is State.FAILED
        assert remote.error is not None
        assert remote.error.kind is ErrorKind.EXCEPTION
        assert remote.error.frames[-1].source == "SETTINGS['horizon']"
        assert remote.server is not None
        assert (remote.server.image, remote.server.pid) == ("team:1.6", server.pid)
        (folder / "workspace.yaml").write_text(entry(server.port))
        shown = skerry(folder, "inspect").stdout
        assert re.search(r"^FAILED +remote +grpc_server +- +team:1\.6 +-$", shown, re.MULTILINE), shown
        assert re.search(r"^  image +team:1\.6$", skerry(folder, "inspect", "remote").stdout, re.MULTILINE)


def test_a_server_that_goes_is_noticed_and_one_that_comes_back_is_used(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        port = server.port
        remote = load(entry(port))["remote"]
        assert remote.wait(30)
        first = remote.server
        server.signal(signal.SIGKILL)
        wait_until(lambda: remote.state is State.UNREACHABLE, what="UNREACHABLE")
        # At its first look the port may still be on its way to be closed.
        wait_until(lambda: remote.error is not None and "nothing listens there" in remote.error.message)
    with serving(hello.parent, "--python-file", "hello.py", "--port", str(port)):
        wait_until(lambda: remote.state is State.READY, what="READY")
        assert first is not None
        assert remote.server is not None
        assert remote.server.id != first.id


def test_a_reload_makes_a_new_generation_and_a_failed_one_keeps_the_last(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        result = remote.reload()
        assert (result.old_generation, result.new_generation, result.error) == (1, 2, None)
        good = hello.read_text()
        hello.write_text("1 / 0")
        result = remote.reload()
        assert (result.old_generation, result.new_generation) == (2, None)
        assert result.error is not None
        assert result.error.message.startswith("ZeroDivisionError")
        wait_until(lambda: remote.snapshot.stale, what="stale")
        assert remote.state is State.READY
        assert remote.repositories
        hello.write_text(good)
        assert remote.reload().new_generation == 3
        wait_until(lambda: not remote.snapshot.stale, what="no longer stale")


def test_a_server_of_one_client_ends_once_that_has_left(hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py", "--exit-without-clients", "1") as server:
        with Workspace.from_entries([{"grpc_server": {"port": server.port}}]) as workspace:
            assert workspace.wait(30)
            wait_until(lambda: "READY" in server.log)
            assert server.process.poll() is None
        assert server.wait_for_end() == 0
        assert "ended" in server.log


def test_sigterm_and_ctrl_c_end_a_server_with_clients_at_once_and_cleanly(hello: Path, load: Load) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with serving(hello.parent, "--python-file", "hello.py") as server:
            remote = load(entry(server.port))["remote"]
            assert remote.wait(30)
            assert remote.server is not None
            pid = remote.server.pid
            server.signal(number)
            assert server.wait_for_end() == 0
            assert "Traceback" not in server.log
            assert pid is not None
            assert not alive(pid)


def test_sighup_reloads(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        remote = load(entry(server.port))["remote"]
        assert remote.wait(30)
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded: generation 2, after 1")
        wait_until(lambda: remote.server is not None and remote.server.generation == 2, what="generation 2")
        hello.write_text("1 / 0")
        server.signal(signal.SIGHUP)
        server.wait_for("the reload failed: ZeroDivisionError")


def test_what_the_code_prints_is_on_stdout_and_in_the_log_only_as_json(write: Write) -> None:
    folder = write("prints.py", "import sys\nprint('out ü')\nprint('err', file=sys.stderr)\n").parent
    with serving(folder, "--python-file", "prints.py") as server:
        wait_until(lambda: server.printed == "out ü\nerr\n", what=f"the output, not {server.printed!r}")
        assert "out" not in server.log.replace("without", "")
    with serving(folder, "--python-file", "prints.py", "--log-format", "json") as server:
        wait_until(lambda: len(server.printed.splitlines()) == 2, what="two lines")
        lines = [json.loads(line) for line in server.printed.splitlines()]
        assert [(line["logger"], line["message"]) for line in lines] == [("user_code", "out ü"), ("user_code", "err")]
        records = [json.loads(line) for line in server.log.splitlines()]
        assert all(record.keys() == {"time", "level", "logger", "message"} for record in records)


def test_a_server_whose_stdout_nobody_reads_goes_on(write: Write, load: Load) -> None:
    folder = write("prints.py", f"{HELLO_CODE}\nprint('x' * 30_000_000)\n").parent
    read_end, write_end = os.pipe()  # never read
    process = subprocess.Popen(
        [sys.executable, "-m", "skerry", "api", "grpc", "-f", "prints.py", "--port", "0"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=write_end,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    server = Server(process)
    try:
        server.wait_for("serving ")
        remote = load(entry(server.port))["remote"]
        assert remote.wait(60)
        assert remote.state is State.READY
        assert remote.reload().new_generation == 2
        process.terminate()
        assert server.wait_for_end() == 0
    finally:
        server.end()
        os.close(read_end)
        os.close(write_end)
