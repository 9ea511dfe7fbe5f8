"""docs/errors.md: every kind of error, each with the message that really comes."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from support.interpreters import make_environment
from support.other_servers import code_server, http_server
from support.pages import ROOT, blocks, headings, read, section
from support.servers import serving
from support.user_code import run_file
from support.waiting import wait_until

from skerry import ErrorKind, Evaluation, Location, State, Workspace, __version__
from skerry.errors import MESSAGES, LocationError, RunError, StateError
from skerry.execution import Event, FolderValues, Plan, Settings, run
from skerry.execution.config import validate
from skerry.model import ErrorInfo
from skerry.state import RunIndex, database
from skerry.workspace_file.run_config import read_run_config

PAGE = read("docs/errors.md")

NEW_PIPELINE = """
from skerry import pipeline, repository, solid

@solid
def hello():
    pass

@pipeline
def {name}():
    hello()
"""

#: A file for each kind that user code makes by itself.
FILES: Mapping[ErrorKind, str] = {
    ErrorKind.SYNTAX_ERROR: "def daily(:\n    pass\n",
    ErrorKind.MISSING_IMPORT: "import helpers\n",
    ErrorKind.EXCEPTION: "SETTINGS = {}\nSETTINGS['horizon']\n",
    ErrorKind.SYSTEM_EXIT: "import sys\nsys.exit(3)\n",
    ErrorKind.INVALID_DEFINITION: NEW_PIPELINE.format(name="daily").replace("hello()\n", "hello(1)\n"),
    ErrorKind.PROCESS_EXITED: "import os\nos._exit(3)\n",
    ErrorKind.PROCESS_SIGNALED: "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    ErrorKind.STARTUP_TIMEOUT: "import time\nwhile True:\n    time.sleep(1)\n",
    ErrorKind.NOTHING_FOUND: "ANSWER = 42\n",
    ErrorKind.SEVERAL_PIPELINES: NEW_PIPELINE.format(name="daily") + "\n@pipeline\ndef weekly():\n    hello()\n",
    ErrorKind.DUPLICATE_REPOSITORY: NEW_PIPELINE.format(name="daily")
    + "".join(f'\n@repository(name="sales")\ndef {name}():\n    return [daily]\n' for name in ("one", "two")),
    ErrorKind.ATTRIBUTE_NOT_FOUND: NEW_PIPELINE.format(name="daily"),
    ErrorKind.ATTRIBUTE_NOT_USABLE: "ANSWER = 42\n",
}

RUN = """
import os, socket
from skerry import Output, pipeline, resource, solid

@resource
def warehouse():
    yield from ()

{solid}
"""


class BadRun(NamedTuple):
    """A run that leads to an error. ``solid``: the solids and, in its place, the pipeline."""

    solid: str
    config: Mapping[str, Any] = {}
    only: Sequence[str] | None = None
    max_concurrency: int = 1


def _of_one(name: str, body: str, decorator: str = "@solid", **others: Any) -> BadRun:
    definition = f"{decorator}\ndef {name}():\n    {body}\n"
    pipeline = f'@pipeline(resource_defs={{"warehouse": warehouse}})\ndef daily():\n    {name}()\n'
    return BadRun(definition + pipeline, **others)


_TWO = (
    "@solid(config_schema={'type': 'object', 'properties': {'day': {'type': 'integer'}}, "
    "'additionalProperties': False})\ndef load(context):\n    pass\n"
    "@solid\ndef clean(rows):\n    pass\n@pipeline\ndef daily():\n    clean(load())\n"
)
_SPLIT = "@solid(outputs=['small', 'large'])"
#: What leads to each error of a run.
RUNS: Mapping[ErrorKind, BadRun] = {
    ErrorKind.RUN_CONFIG_INVALID: BadRun(_TWO, {"solids": {"load": {"config": {"day": "monday", "dya": 1}}}}),
    ErrorKind.SOLID_NOT_FOUND: BadRun(_TWO, only=["laod"]),
    ErrorKind.INPUT_NOT_AVAILABLE: BadRun(_TWO, only=["clean"]),
    ErrorKind.OUTPUTS_UNCLEAR: _of_one("split", "return 3", _SPLIT),
    ErrorKind.OUTPUT_UNDECLARED: _of_one("split", "yield Output(1, 'lrage')", _SPLIT),
    ErrorKind.OUTPUT_TWICE: _of_one("split", "yield Output(1, 'small'); yield Output(2, 'small')", _SPLIT),
    ErrorKind.OUTPUT_MISSING: _of_one("split", "yield Output(1, 'small')", _SPLIT),
    ErrorKind.OUTPUT_NOT_KEPT: _of_one("connect", "return socket.socketpair()[0]", max_concurrency=2),
    ErrorKind.SOLID_PROCESS_ENDED: _of_one("load", "os._exit(3)", max_concurrency=2),
    ErrorKind.RESOURCE_NOT_PLAIN: _of_one("load", "pass", "@solid(required_resource_keys={'warehouse'})"),
}

#: Those for which a run does not even begin.
CANNOT_BEGIN = {ErrorKind.RUN_CONFIG_INVALID, ErrorKind.SOLID_NOT_FOUND, ErrorKind.INPUT_NOT_AVAILABLE}

#: What is written besides `python_file: FILE`, or in its place.
ENTRIES: Mapping[ErrorKind, Mapping[str, Any]] = {
    ErrorKind.INVALID_ENTRY: {"python_file": {"relativ_path": "repository.py"}},
    ErrorKind.STARTUP_TIMEOUT: {"python_file": {"startup_timeout": 0.5}},
    ErrorKind.ATTRIBUTE_NOT_FOUND: {"python_file": {"attribute": "sales"}},
    ErrorKind.ATTRIBUTE_NOT_USABLE: {"python_file": {"attribute": "ANSWER"}},
    ErrorKind.FILE_NOT_FOUND: {"python_file": {"relative_path": "exception.pi"}},
    ErrorKind.MODULE_NOT_FOUND: {"python_package": {"package_name": "acme.pipelines"}},
    ErrorKind.WORKING_DIRECTORY_NOT_FOUND: {
        "python_file": {"relative_path": "exception.py", "working_directory": "srcc"}
    },
    ErrorKind.INTERPRETER_NOT_FOUND: {
        "python_file": {"relative_path": "exception.py", "executable_path": "venvs/team/bin/python"}
    },
    ErrorKind.INTERPRETER_NOT_PYTHON: {
        "python_file": {"relative_path": "exception.py", "executable_path": "/bin/false"}
    },
    ErrorKind.INCOMPATIBLE_SKERRY: {
        "python_file": {"relative_path": "exception.py", "executable_path": "venvs/old/bin/python"}
    },
    ErrorKind.NOT_OPENED: {"project": {"folder": "acme"}},
    ErrorKind.COMMAND_FAILED: {"image": {}},
    ErrorKind.LOCATION_TYPE_FAILED: {"wreck": {}},
}

#: What is served to bring about each of these, by `skerry api grpc` with these options or by a server of somebody else.
SERVED: Mapping[ErrorKind, tuple[str, ...]] = {
    ErrorKind.TLS_FAILED: ("--tls-cert", "cert.pem", "--tls-key", "key.pem"),
    ErrorKind.ACCESS_DENIED: ("--token-file", "token"),
    ErrorKind.DEFINITION_TOO_LARGE: (),
}
OTHERS: Mapping[ErrorKind, Callable[[], AbstractContextManager[int]]] = {
    ErrorKind.WRONG_SERVER: http_server,
    ErrorKind.INCOMPATIBLE_SERVER: lambda: code_server("4.0.0", oldest=3, newest=5),
    ErrorKind.NOT_SUPPORTED: lambda: code_server("0.0.9", capabilities=("Watch", "Snapshot")),
}
REMOTE = {ErrorKind.SERVER_UNREACHABLE, *SERVED, *OTHERS}

LARGE = """
from skerry import pipeline, solid

@solid(config_schema={"description": "x" * 3_000_000})
def forecast():
    pass

@pipeline
def forecasts():
    forecast()
"""

#: Code whose evaluation fails in the ways that only calls have.
CALLED = """
import time
from skerry import pipeline, repository, sensor

@pipeline
def forecasts():
    pass

@sensor(pipeline=forecasts)
def new_orders():
    pass

@sensor(pipeline=forecasts)
def slow():
    open("slow", "w").close()
    while True:
        time.sleep(1)

@repository
def sales():
    return [new_orders, slow]
"""
THREADS = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
CALLS = {
    ErrorKind.CODE_CHANGED,
    ErrorKind.DEFINITION_NOT_FOUND,
    ErrorKind.EVALUATION_TIMEOUT,
    ErrorKind.EVALUATION_CUT_OFF,
}


def _lock(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def _locked(folder: Path) -> None:
    index = RunIndex.open(folder)
    with contextlib.closing(index), contextlib.closing(_lock(folder / "runs.sqlite")):
        index.delete("run")


def _damaged(folder: Path) -> None:
    (folder / "runs.sqlite").write_bytes(b"something else" * 100)
    RunIndex.open(folder)


def _too_new(folder: Path) -> None:
    RunIndex.open(folder).close()
    with contextlib.closing(sqlite3.connect(folder / "runs.sqlite")) as connection, connection:
        connection.execute("UPDATE skerry_revision SET version_num = '0007'")
    RunIndex.open(folder)


#: What leads to each error of the index of runs.
DATABASES: Mapping[ErrorKind, Callable[[Path], object]] = {
    ErrorKind.DATABASE_URL_INVALID: lambda folder: RunIndex.open(folder, "sqlite://"),
    ErrorKind.DATABASE_UNAVAILABLE: _locked,
    ErrorKind.DATABASE_NOT_WRITABLE: lambda folder: RunIndex.open(folder / "runs"),
    ErrorKind.DATABASE_DAMAGED: _damaged,
    ErrorKind.DATABASE_TOO_NEW: _too_new,
}

#: What cannot be brought about here: an old Python, a machine without room, a system without fork, a lack of packages,
#: a database server.
NOT_MADE = {
    ErrorKind.EXTRA_NOT_INSTALLED,
    ErrorKind.DATABASE_FAILED,
    ErrorKind.INTERPRETER_TOO_OLD,
    ErrorKind.PROCESS_NOT_STARTED,
    ErrorKind.UNSUPPORTED_PLATFORM,
    ErrorKind.NOT_SERVED,
    ErrorKind.RUN_LOST,
    ErrorKind.RUN_UNKNOWN_ELSEWHERE,
    ErrorKind.RUN_REFUSED,
    ErrorKind.RUN_CONTAINER_ENDED,
    ErrorKind.RUN_LAUNCHER_NOT_FOUND,
    ErrorKind.RUN_LAUNCHER_NEEDS_OPTIONS,
    ErrorKind.RUN_LAUNCHER_FAILED,
    ErrorKind.RUN_NOT_OVER,
    ErrorKind.RUN_RECORD_NOT_WRITABLE,
    ErrorKind.RUN_RECORD_NOT_READABLE,
    ErrorKind.RUN_RECORD_DAMAGED,
}

#: Those that have tests of their own.
ELSEWHERE = {
    *NOT_MADE,
    *REMOTE,
    *CALLS,
    *RUNS,
    *DATABASES,
    ErrorKind.PIPELINE_NOT_FOUND,
    ErrorKind.PIPELINE_AMBIGUOUS,
    ErrorKind.LOCATION_NOT_READY,
    ErrorKind.RUN_ID_INVALID,
    ErrorKind.RUN_OPTIONS_INVALID,
    ErrorKind.RUN_ID_TAKEN,
    ErrorKind.RUN_CONFIG_UNREADABLE,
    ErrorKind.RUN_LAUNCHER_INVALID,
}

BROKEN_PLUGIN = """
from skerry.plugin import LocationType, hookimpl

class Wreck(LocationType):
    key, summary, schema = "wreck", "A type with a defect", {"type": "object"}

    def default_name(self, options):
        return self.key

    def open(self, origin, runtime):
        raise KeyError("token")

class Image(Wreck):
    key = "image"

    def open(self, origin, runtime):
        runtime.run(["./pull", "reports:2"])

@hookimpl
def skerry_location_types():
    return [Wreck(), Image()]
"""


def _entry(kind: ErrorKind) -> dict[str, Any]:
    ((key, options),) = ENTRIES.get(kind, {"python_file": {}}).items()
    own = {"relative_path": f"{kind.value.lower()}.py"} if kind in FILES else {}
    return {key: {**own, **options, "location_name": kind.value}}


def _install(folder: Path, name: str, key: str, module: str) -> None:
    information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[skerry.plugins]\n{key} = {module}\n")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[ErrorKind, str]]:
    """Fail in every way at once, and give what was said."""
    folder = tmp_path_factory.mktemp("failing")
    for kind, text in FILES.items():
        (folder / f"{kind.value.lower()}.py").write_text(text.lstrip("\n"))
    (folder / "src").mkdir()
    (folder / "src" / "helpers.py").touch()
    old = folder / "site" / "skerry"
    old.mkdir(parents=True)
    (old / "__init__.py").write_text('__version__ = "0.0.1"\n')
    make_environment(folder / "venvs" / "old", "{}.{}".format(*sys.version_info[:2]), old.parent)
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "wreck.py").write_text(BROKEN_PLUGIN)
    _install(plugins, "acme-wreck", "wreck", "wreck")
    _install(plugins, "acme-image", "image", "wreck")
    (folder / "pull").write_text("#!/bin/sh\necho No such image: $1 >&2\nexit 1\n")
    (folder / "pull").chmod(0o755)
    # Installed or not: two distributions may claim a key for the same module.
    _install(plugins, "skerry-project", "project", "skerry_project")
    file = folder / "workspace.yaml"
    file.write_text(yaml.safe_dump({"load_from": [_entry(kind) for kind in {**ENTRIES, **FILES}]}, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(plugins))
        patch.syspath_prepend(str(ROOT / "examples" / "plugins" / "skerry_project"))
        with Workspace.load(file) as workspace:
            assert workspace.wait(60)
            yield {
                location.error.kind: _placed(location.error.message, folder)
                for location in workspace
                if location.error is not None
            }


@pytest.fixture(scope="module")
def remote_messages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[ErrorKind, str]]:
    """Meet every server that does not do, and give what was said."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "large.py").write_text(LARGE)
    (folder / "token").write_text("sesame\n")
    certificate = "req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(["openssl", *certificate.split()], cwd=folder, check=True, capture_output=True)
    with ExitStack() as stack:
        ports = {kind: stack.enter_context(begin()) for kind, begin in OTHERS.items()}
        for kind, options in SERVED.items():
            ports[kind] = stack.enter_context(serving(folder, "--python-file", "large.py", *options)).port
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            ports[ErrorKind.SERVER_UNREACHABLE] = nobody.getsockname()[1]
        entries = [{"grpc_server": {"port": port, "location_name": kind.value}} for kind, port in ports.items()]
        with Workspace.from_entries(entries, folder) as workspace:
            assert workspace.wait(60)
            found = {kind: _met(workspace[kind.value], kind) for kind in ports}
        for kind, error in found.items():
            assert error.kind is kind, error
        # A definition's size has its file's path in it.
        told = {kind: re.sub(r"takes \d+ bytes", "takes 3000354 bytes", one.message) for kind, one in found.items()}
        yield {kind: message.replace(str(ports[kind]), "4266") for kind, message in told.items()}


@pytest.fixture(scope="module")
def call_messages(tmp_path_factory: pytest.TempPathFactory) -> dict[ErrorKind, str]:
    """Call into user code, and give what went wrong."""
    folder = tmp_path_factory.mktemp("called")
    (folder / "called.py").write_text(CALLED)
    (folder / "threads.py").write_text(THREADS + CALLED)
    entries = [{"python_file": name} for name in ("called.py", "threads.py")]
    with Workspace.from_entries(entries, folder) as workspace, ThreadPoolExecutor(1) as pool:
        assert workspace.wait(60)
        location, threads = workspace
        threads.reload()
        (folder / "threads.py").write_text(CALLED)
        results = [location.evaluate(Evaluation("sales", "new_order", "sensor"))]
        results.append(threads.evaluate(Evaluation("sales", "new_orders", "sensor")))
        results.append(location.evaluate(Evaluation("sales", "slow", "sensor"), timeout=3.0))
        (folder / "slow").unlink(missing_ok=True)
        call = pool.submit(location.evaluate, Evaluation("sales", "slow", "sensor"))
        wait_until((folder / "slow").exists, what="the call")
        workspace.close()
        results.append(call.result(60))
    errors = [result.error for result in results if result.error is not None]
    return {error.kind: _placed(error.message, folder) for error in errors}


def _met(location: Location, kind: ErrorKind) -> ErrorInfo:
    if kind is ErrorKind.NOT_SUPPORTED:
        assert location.state is State.READY, location.error
        with pytest.raises(LocationError) as raised:
            location.reload()
        return ErrorInfo(raised.value.kind, str(raised.value))
    if kind is ErrorKind.DEFINITION_TOO_LARGE:
        assert location.state is State.READY, location.error
        return location.repositories[0].errors[0].error
    assert location.state is State.UNREACHABLE
    assert location.error is not None
    return location.error


def _placed(message: str, folder: Path) -> str:
    """Give a message as it would be in /srv, on the page's machine."""
    message = message.replace(str(folder), "/srv").replace(os.path.join(sys.prefix, "bin"), "/srv/venv/bin")
    return re.sub(r"\b0x[0-9a-f]+|/python3\b", lambda found: "/python" if "py" in found[0] else "0x", message)


@pytest.mark.parametrize("kind", sorted(RUNS))
def test_the_message_on_the_page_is_what_such_a_run_leads_to(kind: ErrorKind, tmp_path: Path) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    file = tmp_path / "daily.py"
    file.write_text(RUN.format(solid=RUNS[kind].solid))
    pipeline = run_file(file).daily
    values = FolderValues(str(tmp_path / "values"))
    settings = Settings("id", max_concurrency=RUNS[kind].max_concurrency, describe=str)
    told: list[Event] = []

    def execute() -> None:
        validate(pipeline.name, pipeline.config_schema, RUNS[kind].config)
        run(Plan.of(pipeline, RUNS[kind].config, only=RUNS[kind].only), settings, values, told.append)

    if kind in CANNOT_BEGIN:
        with pytest.raises(RunError) as caught:
            execute()
        assert caught.value.kind is kind
        words = str(caught.value)
    else:
        execute()
        (words,) = [event.error for event in told if event.error is not None]
    assert example.text.rstrip() == words


_DAILY = "from skerry import pipeline, repository\n\n@pipeline\ndef daily():\n    pass\n"
_TWICE = "".join(f"\n@repository\ndef {name}():\n    return [daily]\n" for name in ("sales", "marketing"))
#: What is asked of a location to meet each error of a launch: its code, the pipeline, and more.
LAUNCHES: Mapping[ErrorKind, tuple[str, str, dict[str, Any]]] = {
    ErrorKind.PIPELINE_NOT_FOUND: (_DAILY, "dialy", {}),
    ErrorKind.PIPELINE_AMBIGUOUS: (_DAILY + _TWICE, "daily", {}),
    ErrorKind.LOCATION_NOT_READY: ("1 / 0\n", "daily", {}),
    ErrorKind.RUN_ID_INVALID: (_DAILY, "daily", {"run_id": "2026/11"}),
    ErrorKind.RUN_ID_TAKEN: (_DAILY, "daily", {"run_id": "nightly", "tags": {"by": "me"}}),
    ErrorKind.RUN_OPTIONS_INVALID: (_DAILY, "daily", {"tags": {"week": 48}}),
}


@pytest.mark.parametrize("kind", sorted(LAUNCHES))
def test_the_message_on_the_page_is_what_such_a_launch_leads_to(
    kind: ErrorKind, load: Callable[[str], Workspace], write: Callable[[str, str], Path]
) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    code, pipeline, more = LAUNCHES[kind]
    write("team.py", code)
    name = "broken" if kind is ErrorKind.LOCATION_NOT_READY else "team"
    (location,) = load(f"load_from: [python_file: {{relative_path: team.py, location_name: {name}}}]")
    if kind is ErrorKind.RUN_ID_TAKEN:
        assert location.launch(pipeline, run_id=more["run_id"]).wait(30).status.is_over
    with pytest.raises(RunError) as caught:
        location.launch(pipeline, **more)
    assert caught.value.kind is kind
    assert example.text.rstrip() == str(caught.value)


def test_the_message_on_the_page_is_that_of_a_launch_with_a_wrong_launcher(
    load: Callable[[str], Workspace], write: Callable[[str, str], Path]
) -> None:
    (example,) = blocks(section(PAGE, "### RUN_LAUNCHER_INVALID"), "text")
    path = write("team.py", _DAILY)
    (location,) = load("load_from:\n  - python_file: team.py\nrun_launcher:\n  process:\n    network: jobs\n")
    with pytest.raises(LocationError) as caught:
        location.launch("daily")
    assert caught.value.kind is ErrorKind.RUN_LAUNCHER_INVALID
    assert example.text.rstrip() == str(caught.value).replace(f"{path.parent}/", "")


def test_the_message_on_the_page_is_that_of_a_run_config_that_cannot_be_read() -> None:
    (example,) = blocks(section(PAGE, "### RUN_CONFIG_UNREADABLE"), "text")
    with pytest.raises(RunError) as caught:
        read_run_config("solids: {load:\n", "config.yaml")
    assert example.text.rstrip() == str(caught.value)


@pytest.mark.parametrize("kind", sorted(DATABASES))
def test_the_message_on_the_page_is_what_such_a_database_leads_to(
    kind: ErrorKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    monkeypatch.setattr(database, "WAITING", 0.2)
    with pytest.raises(StateError) as caught:
        DATABASES[kind](tmp_path)
    assert caught.value.kind is kind
    words = str(caught.value).replace(str(tmp_path), "/srv/.skerry").replace(__version__, "0.1.0")
    assert example.text.rstrip() == re.sub(r"for [\d.]+ s:", "for 30.2 s:", words)


def test_every_kind_has_its_section_and_no_other() -> None:
    assert headings(PAGE, 3) == [kind.value for kind in ErrorKind]


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind in REMOTE])
def test_the_message_on_the_page_is_what_such_a_server_leads_to(
    kind: ErrorKind, remote_messages: dict[ErrorKind, str]
) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    assert example.text.rstrip() == remote_messages[kind]


@pytest.mark.parametrize("kind", sorted(CALLS))
def test_the_message_on_the_page_is_what_such_a_call_leads_to(
    kind: ErrorKind, call_messages: dict[ErrorKind, str]
) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    assert example.text.rstrip() == call_messages[kind]


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind not in ELSEWHERE])
def test_the_message_on_the_page_is_the_one_that_comes(kind: ErrorKind, messages: dict[ErrorKind, str]) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    assert example.text.rstrip() == messages[kind]


@pytest.mark.parametrize("kind", sorted(NOT_MADE))
def test_the_message_on_the_page_has_the_words_of_its_kind(kind: ErrorKind) -> None:
    (example,) = blocks(section(PAGE, f"### {kind.value}"), "text")
    words = re.sub(r"\\{\w+(!r)?\\}", ".+", re.escape(MESSAGES[kind]))
    assert re.fullmatch(words, example.text.rstrip())
