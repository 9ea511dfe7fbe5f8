"""The example type `container`. No engine runs here: a `docker` that starts the same command on this machine stands in
at the command boundary, so what is tested is what the type asks an engine for, and all that follows from it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from support.location_types import Install
from support.pages import ROOT
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, Location, State, Workspace
from skerry.testing import check_location_type

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

SOURCE = ROOT / "examples" / "plugins" / "skerry_container" / "skerry_container" / "__init__.py"

#: Knows the images in IMAGES, one a line, and can pull `pullable`. Of `run` it knows what it needs, and passes only the
#: variables on that it is told to; like the real one it hands signals to what it runs and ends with it.
ENGINE = """
#!{python}
import os, signal, subprocess, sys
with open({log!r}, "a") as log:
    print(*sys.argv[1:], file=log)
images = open({images!r}).read().split()
command, *rest = sys.argv[1:]
if command == "image":
    sys.exit(rest[-1] not in images)
if command == "pull":
    if rest[-1] != "pullable":
        sys.exit(f"Error response from daemon: pull access denied for {{rest[-1]}}")
    open({images!r}, "a").write("pullable\\n")
    print("Pulled")
    sys.exit()
options = []
while rest[0].startswith("--"):
    options.append(rest.pop(0))
image, *serve = rest
if image == "acme/empty":
    print('exec: "skerry": executable file not found in $PATH', file=sys.stderr)
    sys.exit(127)
folder, inside = next(one.partition("=")[2] for one in options if one.startswith("--volume=")).split(":")
names = [one.partition("=")[2] for one in options if one.startswith("--env=")]
passed = {{name: os.environ[name] for name in names if name in os.environ}}
line = [sys.executable, "-m", *(word.replace(inside, folder) for word in serve)]
child = subprocess.Popen(line, env={{"PATH": os.environ["PATH"], **passed}})
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, frame: child.send_signal(number))
sys.exit(child.wait())
"""


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the type, and an engine; gives the engine's log."""
    install("container", SOURCE.read_text())
    programs = tmp_path / "programs"
    programs.mkdir()
    log, images = tmp_path / "engine.log", tmp_path / "images"
    images.write_text("acme/sales:1.5\nacme/empty\n")
    program = programs / "docker"
    program.write_text(dedent(ENGINE).lstrip().format(python=sys.executable, log=str(log), images=str(images)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return log


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    return location


def entry(**options: object) -> str:
    return f"load_from: [container: {options!r}]"


def test_code_in_an_image_is_shown_with_its_image(hello: Path, load: Load, engine: Path) -> None:
    location = only(load(entry(image="acme/sales:1.5", python_file=str(hello))))
    assert location.state is State.READY, location.error
    assert location.name == "acme/sales:1.5:hello.py"
    assert [one.name for one in location.repositories] == ["hello_repository"]
    assert location.server is not None
    assert location.server.image == "acme/sales:1.5"
    (asked, run) = engine.read_text().splitlines()
    assert asked == "image inspect acme/sales:1.5"
    assert run.startswith(f"run --rm --init --user={os.getuid()}:{os.getgid()} --volume=")


def test_an_image_that_is_not_there_is_pulled(hello: Path, load: Load, engine: Path) -> None:
    location = only(load(entry(image="pullable", python_file=str(hello))))
    assert location.state is State.READY, location.error
    assert "pull pullable" in engine.read_text().splitlines()


def test_an_image_that_cannot_be_pulled_is_told_in_the_engines_words(load: Load) -> None:
    location = only(load(entry(image="acme/secret", python_file="/app/sales.py")))
    assert location.error is not None
    assert location.error.kind is ErrorKind.COMMAND_FAILED
    assert "docker pull acme/secret" in location.error.message
    assert "pull access denied for acme/secret" in location.error.message


def test_without_an_engine_the_program_is_named(load: Load) -> None:
    location = only(load(entry(image="acme/sales:1.5", python_file="/app/sales.py", engine="podman")))
    assert location.error is not None
    assert location.error.message.startswith("The program 'podman' is not on PATH.")


def test_an_error_in_the_code_is_the_users_own(write: Write, load: Load) -> None:
    location = only(load(entry(image="acme/sales:1.5", python_file=str(write("broken.py", "1 / 0\n")))))
    assert location.error is not None
    assert location.error.message == "ZeroDivisionError: division by zero"
    assert location.error.frames[-1].source == "1 / 0"


def test_secrets_reach_the_code_and_no_command_line(
    write: Write, load: Load, engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_TOKEN", "sesame-42")
    code = "import os\nfrom skerry import pipeline\n\n@pipeline(name=os.environ['TOKEN'][:6])\ndef daily():\n    pass\n"
    path = write("tells.py", code)
    location = only(load(entry(image="acme/sales:1.5", python_file=str(path), env={"TOKEN": "${SALES_TOKEN}"})))
    assert location.state is State.READY, location.error
    assert location.repositories[0].pipelines[0].name == "sesame"
    assert "sesame" not in engine.read_text()
    assert "--env=TOKEN" in engine.read_text()


def test_closing_ends_the_container_and_removes_its_folder(hello: Path, load: Load, engine: Path) -> None:
    workspace = load(entry(image="acme/sales:1.5", python_file=str(hello)))
    location = only(workspace)
    assert location.server is not None
    assert location.server.pid is not None
    (volume,) = [word for word in engine.read_text().split() if word.startswith("--volume=")]
    folder = Path(volume.removeprefix("--volume=").partition(":")[0])
    assert folder.stat().st_mode & 0o777 == 0o700
    pid = location.server.pid
    workspace.close()
    assert not folder.exists()
    assert not alive(pid)
    wait_until(lambda: not running(folder), what="the container's end")


def test_a_reload_starts_a_new_container_beside_the_old(hello: Path, load: Load, engine: Path) -> None:
    location = only(load(entry(image="acme/sales:1.5", python_file=str(hello))))
    before = location.server
    result = location.reload()
    assert result.error is None
    assert location.state is State.READY
    assert before is not None
    assert location.server is not None
    assert location.server.id != before.id
    assert engine.read_text().count("run --rm") == 2
    assert before.pid is not None
    wait_until(lambda: not alive(before.pid or 0), what="the end of the old one")


def test_a_container_that_ends_is_told_with_its_last_words(hello: Path, load: Load) -> None:
    location = only(load(entry(image="acme/empty", python_file=str(hello))))
    assert location.error is not None
    assert location.error.kind is ErrorKind.COMMAND_FAILED
    assert "ended with exit code 127" in location.error.message
    assert 'exec: "skerry": executable file not found in $PATH' in location.error.message


def test_a_container_is_told_to_end_when_its_client_is_gone(hello: Path, load: Load, engine: Path) -> None:
    only(load(entry(image="acme/sales:1.5", python_file=str(hello))))
    assert " --exit-without-clients=10 " in engine.read_text()


def test_the_container_type_keeps_the_contract(hello: Path, tmp_path: Path) -> None:
    options = {"image": "acme/sales:1.5", "python_file": str(hello)}
    refused = [{"image": "acme/secret", "python_file": str(hello)}]
    check_location_type("container", options, folder=tmp_path, refused=refused)


def running(folder: Path) -> bool:
    """Tell whether a process has this folder on its command line."""
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in found.read_bytes():
                return True
        except OSError:
            continue
    return False
