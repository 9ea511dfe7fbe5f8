"""Runtime.spawn: a command of a plugin's that serves its code, and ends with its location."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from support.location_types import Install, location_type
from support.servers import alive, serving
from support.waiting import wait_until

from skerry import ErrorKind, Location, State, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

#: Serves hello.py on a socket in a private folder.
SERVES = """
folder = runtime.private_folder()
line = [sys.executable, "-m", "skerry", "api", "grpc", "-f", "hello.py", "--socket", f"{folder}/s"]
return runtime.spawn(line, address=f"unix:{folder}/s")
"""


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    return location


def entry(**options: object) -> str:
    return json.dumps({"load_from": [{"plain": {"file": "hello.py", **options}}]})


def test_a_command_that_serves_is_a_location_and_its_output_is_kept(hello: Path, load: Load, install: Install) -> None:
    hello.write_text(hello.read_text() + "\nprint('hello from afar')\n")
    install("plain", location_type(SERVES))
    location = only(load(entry()))
    assert location.state is State.READY, location.error
    assert location.repositories[0].name == "hello_repository"
    wait_until(lambda: "hello from afar\n" in location.output(), what="its output")
    assert "serving " in location.output()


def test_a_line_printed_in_pieces_is_whole_in_the_output_and_its_beginning_need_not_wait_for_its_end(
    hello: Path, load: Load, install: Install, tmp_path: Path
) -> None:
    # The beginning is written while it loads, the end after the server has logged that it is READY.
    hello.write_text(f"""{hello.read_text()}
import os, pathlib, threading, time
def end():
    while not pathlib.Path({str(tmp_path)!r}, "go").exists():
        time.sleep(0.001)
    os.write(1, b"from afar\\n")
os.write(1, b"hello ")
threading.Thread(target=end, daemon=True).start()
""")
    install("plain", location_type(SERVES))

    def printed(*, go: bool) -> str:
        """Give what comes of a load. ``go``: print the end of the line once the server has logged."""
        (tmp_path / "go").unlink(missing_ok=True)
        workspace = load(entry())
        location = only(workspace)
        wait_until(lambda: "is READY" in location.output(), what="the server's log")
        if go:
            (tmp_path / "go").touch()
        wait_until(lambda: ("from afar\n" if go else "hello ") in location.output(), what="its output")
        output = location.output()
        workspace.close()
        return output

    assert "from afar" not in printed(go=False)
    # Once in three times the end comes before the beginning was let go, on however slow a machine.
    assert any("hello from afar\n" in printed(go=True) for _ in range(3))


def test_what_a_command_that_serves_writes_is_in_log_files_once(
    hello: Path, write: Write, install: Install, tmp_path: Path
) -> None:
    hello.write_text(hello.read_text() + "\nprint('hello from afar')\n")
    install("plain", location_type(SERVES.replace('f"{folder}/s"]', 'f"{folder}/s", "--exit-without-clients", "60"]')))
    with Workspace.load(write("workspace.yaml", entry()), log_output=True) as workspace:
        assert only(workspace).state is State.READY
    (path,) = tmp_path.rglob("*.log")  # a server that belongs to its host writes none of its own
    assert "hello from afar\n" in path.read_text()


def test_closing_ends_it_with_all_that_it_started(hello: Path, load: Load, install: Install) -> None:
    install("plain", location_type(SERVES))
    workspace = load(entry())
    location = only(workspace)
    assert location.server is not None
    pid = location.server.pid
    assert pid is not None
    workspace.close()
    assert not alive(pid)


def test_a_command_that_ends_is_a_failure_with_its_last_words(hello: Path, load: Load, install: Install) -> None:
    program = "import sys; print('no licence found', file=sys.stderr); sys.exit(4)"
    install(
        "plain",
        location_type(f"""
        folder = runtime.private_folder()
        return runtime.spawn([sys.executable, "-c", {program!r}], address=f"unix:{{folder}}/s")
    """),
    )
    location = only(load(entry()))
    assert location.state is State.FAILED
    assert location.error is not None
    assert location.error.kind is ErrorKind.COMMAND_FAILED
    assert "ended with exit code 4.\nno licence found" in location.error.message


def test_a_command_that_never_serves_is_given_up_in_time(
    hello: Path, load: Load, install: Install, tmp_path: Path
) -> None:
    pid_file = str(tmp_path / "pid")
    program = f"import os, time\nopen({pid_file!r}, 'w').write(str(os.getpid()))\nprint('starting')\ntime.sleep(600)"
    install(
        "plain",
        location_type(f"""
        folder = runtime.private_folder()
        return runtime.spawn([sys.executable, "-uc", {program!r}], address=f"unix:{{folder}}/s")
    """),
    )
    location = only(load(entry(startup_timeout=2)))
    assert location.error is not None
    assert location.error.kind is ErrorKind.STARTUP_TIMEOUT
    assert "`startup_timeout` at " in location.error.message
    assert location.error.output == "starting"
    pid = int(Path(pid_file).read_text())
    wait_until(lambda: not alive(pid), what="the command's end")


def test_a_command_that_dies_while_it_serves_is_started_again(hello: Path, load: Load, install: Install) -> None:
    install("plain", location_type(SERVES))
    workspace = load(entry())
    location = only(workspace)
    before, errors = location.server, list[str]()
    workspace.subscribe(lambda name, old, new: errors.append(new.error.message) if new.error else None)
    (server_pid,) = [
        int(found.parent.name)
        for found in Path("/proc").glob("[0-9]*/cmdline")
        if b"\0api\0grpc\0" in _read(found) and str(hello.parent) == _cwd(found.parent)
    ]
    os.kill(server_pid, 9)
    wait_until(lambda: location.state is State.READY and location.server != before, what="READY again")
    assert any("was ended by signal 9" in error for error in errors)


def test_somebody_elses_server_at_the_address_is_not_taken_for_ours(hello: Path, load: Load, install: Install) -> None:
    with serving(hello.parent, "-f", "hello.py") as server:
        install("plain", location_type(f"return runtime.spawn(['true'], address='localhost:{server.port}')"))
        location = only(load(entry()))
        assert location.state is State.FAILED
        assert location.error is not None
        assert f"Something else serves at localhost:{server.port} already." in location.error.message


def test_connect_reaches_a_server_and_leaves_it_running(hello: Path, load: Load, install: Install) -> None:
    with serving(hello.parent, "-f", "hello.py") as server:
        install("plain", location_type(f"return runtime.connect('127.0.0.1:{server.port}')"))
        workspace = load(entry())
        assert only(workspace).state is State.READY
        workspace.close()
        assert server.process.poll() is None


def test_an_address_that_is_none_is_a_defect_of_the_plugin(hello: Path, load: Load, install: Install) -> None:
    install("plain", location_type("return runtime.connect('somewhere')"))
    location = only(load(entry()))
    assert location.error is not None
    assert location.error.kind is ErrorKind.LOCATION_TYPE_FAILED
    assert "'somewhere' is neither host:port nor unix:/path" in location.error.message


def test_a_private_folder_is_this_users_alone_short_and_gone_when_opening_fails(
    hello: Path, load: Load, install: Install, tmp_path: Path
) -> None:
    install(
        "plain",
        location_type(f"""
        folder = runtime.private_folder()
        Path({str(tmp_path / "made")!r}).write_text(f"{{folder}} {{folder.stat().st_mode & 0o777:o}}")
        raise ValueError("after all")
    """),
    )
    location = only(load(entry()))
    assert location.state is State.FAILED
    folder, mode = (tmp_path / "made").read_text().split()
    assert mode == "700"
    assert len(folder) < 90
    assert not Path(folder).exists()


def test_the_port_of_a_server_that_has_just_ended_is_free(hello: Path, load: Load, install: Install) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "skerry", "api", "grpc", "-f", "hello.py", "--port", str(port)]
    install("plain", location_type(f"return runtime.spawn({line!r}, address='127.0.0.1:{port}')"))
    for _ in range(2):
        workspace = load(entry())
        location = only(workspace)
        assert location.state is State.READY, location.error
        workspace.close()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _cwd(process: Path) -> str:
    try:
        return os.readlink(process / "cwd")
    except OSError:
        return ""
