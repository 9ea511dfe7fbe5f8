"""One contract, kept by a code server that is here, behind a unix socket, and behind a port.

What differs by nature: the server's id, pid, address and load time; and a lone surrogate in a file's name, which is
written out on the way. A remote server's code outlives the client that leaves it, and where the code has failed the
server itself is told of.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.servers import Server, alive, serving, short_folder
from support.waiting import wait_until

from skerry import ErrorKind, Evaluation, EvaluationResult, State, Workspace
from skerry.code_server import Processes
from skerry.code_server.load_request import LoadRequest
from skerry.code_server.local import LocalCodeServer
from skerry.model import (
    ErrorInfo,
    InputSnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    SolidSnapshot,
)
from skerry.plugin import CodeServer, LoadTarget, PythonEnvironment, ServerStatus
from skerry.rpc.client import connect
from skerry.testing import nothing_left

Write = Callable[[str, str], Path]

SETTLED = (State.READY, State.FAILED)


class Watcher:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.statuses: list[ServerStatus] = []

    def __call__(self, status: ServerStatus) -> None:
        self.statuses.append(status)

    @property
    def last(self) -> ServerStatus:
        return self.statuses[-1]

    def wait_for(self, *states: State) -> ServerStatus:
        wait_until(lambda: bool(self.statuses) and self.last.state in states, 60, f"{states}, not {self.statuses[-1:]}")
        return self.last


class Side:
    """Where code servers are opened: ``local``, ``unix`` or ``tcp``."""

    def __init__(self, name: str, stack: contextlib.ExitStack) -> None:
        self.name = name
        self._stack = stack
        self.server: Server | None = None

    @property
    def is_local(self) -> bool:
        return self.name == "local"

    def prepare(self, file: Path) -> None:
        """Start what is there before the code server is opened, and outlives it."""
        if self.is_local:
            return
        where: tuple[str, ...] = ()
        if self.name == "unix":
            self._socket = str(self._stack.enter_context(short_folder()) / "sock")
            where = ("--socket", self._socket)
        server = self.server = self._stack.enter_context(serving(file.parent, "-f", file.name, *where))
        # Its processes are below this one, too, and are to be there before anybody looks for what is left.
        signs = ("READY", "FAILED", "at the gate")
        wait_until(lambda: any(sign in server.log + server.printed for sign in signs), 60, "the server's code")

    @property
    def address(self) -> str:
        assert self.server is not None
        return f"unix:{self._socket}" if self.name == "unix" else f"localhost:{self.server.port}"

    @contextlib.contextmanager
    def opened(self, file: Path) -> Iterator[CodeServer]:
        """Give a code server of the file, closed in the end; nothing may be left of it."""
        if self.server is None:
            self.prepare(file)
        with nothing_left(), contextlib.ExitStack() as stack:
            if self.is_local:
                processes = Processes()
                stack.callback(processes.close)
                code_server: CodeServer = LocalCodeServer(_request(file), processes)
            else:
                code_server = connect(self.address, None, None, None)
            stack.callback(code_server.close)
            yield code_server

    def settled(self, file: Path) -> ServerStatus:
        """Open one, and give the status that it comes to."""
        with self.opened(file) as code_server:
            watcher = Watcher()
            code_server.watch(watcher)
            return watcher.wait_for(*SETTLED)

    def entry(self, file: Path) -> dict[str, Any]:
        """Write the entry of a workspace file."""
        if self.is_local:
            return {"python_file": str(file)}
        self.prepare(file)
        if self.name == "unix":
            return {"grpc_server": {"socket": self._socket}}
        assert self.server is not None
        return {"grpc_server": {"port": self.server.port}}


def _request(file: Path) -> LoadRequest:
    target, environment = LoadTarget.file(str(file)), PythonEnvironment()
    return LoadRequest(target, environment, str(file.parent), 60.0, time.monotonic() + 60.0)


@pytest.fixture(params=["local", "unix", "tcp"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with contextlib.ExitStack() as stack:
        yield Side(request.param, stack)


@pytest.fixture(params=["local", "tcp"])
def either(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Give the same but for the unix socket, which carries what a port carries."""
    with contextlib.ExitStack() as stack:
        yield Side(request.param, stack)


@pytest.fixture(scope="module")
def here() -> Iterator[Side]:
    with contextlib.ExitStack() as stack:
        yield Side("local", stack)


def alike(status: ServerStatus) -> ServerStatus:
    """Give a status without what differs by nature."""
    server = status.server if status.state is not State.FAILED else None
    if server is not None:
        server = replace(server, id="", pid=None, address="", load_seconds=None)
    return replace(status, server=server)


GATE = """
import os, sys, time
print("at the gate", flush=True)
while not os.path.exists("open"):
    time.sleep(0.01)
from skerry import pipeline

@pipeline
def behind_the_gate():
    pass
"""

RICH = r'''
from skerry import InputDefinition, OutputDefinition, pipeline, repository, schedule, sensor, solid

SCHEMA = {
    "type": "object",
    "properties": {"größe \u202e": {"enum": [9007199254740993, 3, 3.0, -0.0, 1e300, None, True, "\x00\u2028"]}},
    "$defs": {"\udcff": {}},
}

@solid(config_schema=SCHEMA)
def source():
    """Gives."""
    return 1

@solid(outputs=["even", OutputDefinition("odd")])
def split(x):
    yield

@solid(inputs=[InputDefinition("xs")])
def merge(xs):
    return xs

TAGS = {"team": "\U0001f3dd sales", "": "\\ \" ' <b>", "\udcff": "x"}

@pipeline(tags=TAGS, description="\x1b[31mred\x1b[0m\r\n\ttab \udcff é")
def rich():
    even, odd = split(source())
    merge([even, odd, source()])

@pipeline(description="")
def bare():
    pass

names = {}
exec(compile("from skerry import pipeline\n\n@pipeline\ndef elsewhere():\n    pass\n", "/caf\udce9.py", "exec"), names)
elsewhere = names["elsewhere"]

def deeper():
    raise ValueError("no \udcff " + "x" * 100)

@pipeline
def broken():
    try:
        deeper()
    except ValueError as error:
        raise LookupError("broken on purpose") from error

@schedule(cron_schedule="0 6 * * 1-5", pipeline_name="rich", timezone="Europe/Berlin")
def weekdays(_context):
    return {}

@schedule(cron_schedule="* * * * *", pipeline_name="bare")
def always(_context):
    return {}

@sensor(pipeline_name="rich")
def new_files(_context):
    return None

@repository(description="All that there is.")
def everything():
    return [rich, bare, elsewhere, broken, weekdays, always, new_files]

@repository
def nothing():
    return []
'''


# -- watch and what it tells ----------------------------------------------------------------------------------------


def test_the_present_status_is_told_at_once_and_each_later_one_in_order(side: Side, write: Write) -> None:
    gate = write("gate.py", GATE)
    with side.opened(gate) as code_server:
        watcher = Watcher()
        code_server.watch(watcher)
        assert watcher.statuses[0].state is State.LOADING
        wait_until(lambda: watcher.last.explanation is not None, what="the import")
        assert watcher.last.progress == "importing gate.py"
        (gate.parent / "open").touch()
        watcher.wait_for(State.READY)
    states = [state for state, _ in itertools.groupby(status.state for status in watcher.statuses)]
    assert states == [State.LOADING, State.READY]


def test_one_that_is_ready_is_told_so_at_once(either: Side, hello: Path) -> None:
    with either.opened(hello) as code_server:
        watcher = Watcher()
        code_server.watch(watcher)
        watcher.wait_for(State.READY)
        again = Watcher()
        code_server.watch(again)
        assert [status.state for status in again.statuses] == [State.READY]
        assert again.last.repositories == watcher.last.repositories


def test_ready_is_told_with_all_that_the_code_defines(side: Side, here: Side, write: Write) -> None:
    file = write("rich.py", RICH)
    status = side.settled(file)
    assert status.state is State.READY, status.error
    everything, nothing = sorted(status.repositories, key=lambda one: one.name)
    assert (everything.description, nothing.description, nothing.pipelines) == ("All that there is.", None, ())
    pipelines = {pipeline.name: pipeline for pipeline in everything.pipelines}
    assert set(pipelines) == {"rich", "bare", "elsewhere"}
    rich = pipelines["rich"]
    assert "9007199254740993, 3, 3.0, -0.0, 1e+300, null, true" in json.dumps(rich.config_schema)
    assert rich.solids[-1] == SolidSnapshot(
        "merge", "merge", (InputSnapshot("xs", ("split.even", "split.odd", "source_2.result")),), ("result",)
    )
    assert rich.tags["team"] == "\U0001f3dd sales"
    assert set(everything.schedules) == {
        ScheduleSnapshot("weekdays", "0 6 * * 1-5", "Europe/Berlin", "rich"),
        ScheduleSnapshot("always", "* * * * *", None, "bare"),
    }
    assert everything.sensors == (SensorSnapshot("new_files", "rich"),)
    surrogates = "\udcff" if side.is_local else r"\udcff"
    assert rich.description == f"\x1b[31mred\x1b[0m\r\n\ttab {surrogates} é"
    assert pipelines["elsewhere"].file == ("/caf\udce9.py" if side.is_local else r"/caf\udce9.py")
    (failure,) = everything.errors
    assert (failure.name, failure.type, failure.file) == ("broken", "pipeline", str(file))
    assert failure.error.message == "LookupError: broken on purpose"
    assert failure.error.cause is not None
    assert failure.error.cause.frames[-1].source.startswith("raise ValueError(")
    # Field by field, the same as here.
    expected = written_out(here.settled(file))
    assert written_out(status) == expected


def written_out(status: ServerStatus) -> Any:
    """Give a status as plain data, its lone surrogates written out and its keys in order."""
    shown = alike(status)
    parts = (shown.server, shown.error, shown.explanation, *shown.repositories)
    data = [part.to_json() if part is not None else None for part in parts]
    text = json.dumps([shown.state.value, shown.stale, shown.progress, data], ensure_ascii=False)
    escaped = text.encode("utf-8", "backslashreplace").replace(rb"\\udc", rb"\udc")
    return json.dumps(json.loads(escaped.replace(rb"\udc", rb"/udc")), sort_keys=True)


def test_failed_is_told_with_the_users_own_error(side: Side, here: Side, write: Write) -> None:
    file = write(
        "broken.py",
        r"""
        import os
        print("about to fail")
        os.write(2, b"\xff\x00 junk\n")

        def read(settings):
            return settings["horizon"]

        try:
            read({})
        except KeyError as error:
            raise ValueError("no horizon \udcff é") from error
        """,
    )
    status = side.settled(file)
    assert status.state is State.FAILED
    assert status.repositories == ()
    error = status.error
    assert error is not None
    assert error.kind is ErrorKind.EXCEPTION
    assert error.message.startswith("ValueError: no horizon ")
    assert error.frames[-1].source == r'raise ValueError("no horizon \udcff é") from error'
    assert error.output == "about to fail\n" + r"\xff" + "\x00 junk"
    assert error.cause is not None
    assert error.cause.message == "KeyError: 'horizon'"
    assert [frame.function for frame in error.cause.frames] == ["<module>", "read"]
    assert all(frame.user for frame in error.cause.frames)
    assert written_out(status) == written_out(here.settled(file))


@pytest.mark.parametrize(
    "code",
    [
        "def broken(:\n    pass\n",
        "import os\nos._exit(3)\n",
        "import nowhere_to_be_found\n",
        "raise SyntaxError('odd', ('f.py', -7, 'x', 'text'))\n",
        "x = 1\n",
    ],
    ids=["syntax", "exit", "import", "odd", "nothing"],
)
def test_every_failure_is_the_same_as_here(either: Side, here: Side, write: Write, code: str) -> None:
    file = write("broken.py", code)
    status = either.settled(file)
    assert status.state is State.FAILED
    assert written_out(status) == written_out(here.settled(file))


def test_failed_without_measure_is_told_in_measure(either: Side, write: Write) -> None:
    long = "é" * 1_000_000
    file = write(
        "long.py",
        f"""
        import os

        def deep(number):
            if number == 0:
                raise ValueError("the first")
            return deep(number - 1) or "{long}"

        error = None
        for number in range(50):
            try:
                try:
                    deep(100)
                except ValueError as first:
                    raise KeyError(number) from (error or first)
            except KeyError as next_one:
                error = next_one
        os.write(1, b"z" * 3_000_000 + b"\\nthe last line\\n")
        raise error
        """,
    )
    status = either.settled(file)
    assert status.error is not None
    assert status.error.message == "KeyError: 49"
    assert status.error.output.endswith("\nthe last line")
    causes = 0
    error: ErrorInfo | None = status.error
    while error is not None:
        error, causes = error.cause, causes + 1
    assert 2 <= causes <= 10
    assert len(json.dumps(status.error.to_json())) < 2_000_000


# -- evaluations ------------------------------------------------------------------------------------------------------

CALLED = Path(__file__).parents[1] / "children" / "evaluations.py"

#: All that user code does in a call, but for what never ends.
ASKED = (
    Evaluation("everything", "daily", "schedule", scheduled_execution_time=1_700_000_000.5),
    Evaluation("everything", "empty", "schedule", scheduled_execution_time=0),
    Evaluation("everything", "counts", "sensor", cursor="2", last_completion_time=1.5, last_run_key="é"),
    *(
        Evaluation("everything", name, "sensor", cursor="before")
        for name in (
            *("skips", "result", "many", "too_large", "nothing", "raises", "not_json", "not_an_answer", "exits"),
            *("ends", "of_broken", "daily", "nowhere"),
        )
    ),
    Evaluation("nowhere", "daily", "schedule"),
    Evaluation("everything", "work", "pipeline"),
)


@contextlib.contextmanager
def called(side: Side, write: Write) -> Iterator[tuple[CodeServer, Watcher]]:
    """Open a code server of the file with everything that is called."""
    with side.opened(write("evaluations.py", CALLED.read_text())) as code_server:
        watcher = Watcher()
        code_server.watch(watcher)
        assert watcher.wait_for(State.READY).error is None
        yield code_server, watcher


def test_every_evaluation_comes_out_as_it_does_here(either: Side, here: Side, write: Write) -> None:
    results = []
    for one in (either, here):
        with called(one, write) as (code_server, _):
            results.append([code_server.evaluate(evaluation, 60.0) for evaluation in ASKED])
    found, expected = ({(a.repository, a.name, a.type): one for a, one in zip(ASKED, r, strict=True)} for r in results)
    for asked, result in found.items():
        assert as_data(result) == as_data(expected[asked]), asked
    daily, counts, many = (found["everything", *one] for one in (("daily", "schedule"), ("counts", "sensor"), MANY))
    (run,) = daily.run_requests
    assert run.run_key == "2023-11-14T23:13:20.500000+01:00"
    assert json.dumps(run.run_config) == json.dumps(
        {"größe \u202e": [9007199254740993, 3, 3.0, -0.0, 1e300, None, True, "\x00\u2028\udcff"]}
    )
    assert run.tags == {"team": "sales", "size": "\U0001f3dd", "by": "everything.daily"}
    assert [run.run_key for run in counts.run_requests] == ["é-0", "é-1", "é-2"]
    assert (counts.cursor, counts.generation, counts.run_requests[0].run_config) == ("3", 1, {"last": 1.5})
    assert len(many.run_requests) == 3000
    kinds = {name: one.error.kind for (_, name, type_), one in found.items() if one.error and type_ == "sensor"}
    assert kinds == {
        "too_large": ErrorKind.INVALID_DEFINITION,
        "raises": ErrorKind.EXCEPTION,
        "not_json": ErrorKind.INVALID_DEFINITION,
        "not_an_answer": ErrorKind.INVALID_DEFINITION,
        "exits": ErrorKind.SYSTEM_EXIT,
        "ends": ErrorKind.PROCESS_EXITED,
        "of_broken": ErrorKind.INVALID_DEFINITION,
        "daily": ErrorKind.DEFINITION_NOT_FOUND,
        "nowhere": ErrorKind.DEFINITION_NOT_FOUND,
    }


MANY = ("many", "sensor")


def as_data(result: EvaluationResult) -> Any:
    """Give a result as plain data, the lone surrogates of its error written out."""
    text = json.dumps(result.error.to_json() if result.error is not None else None, ensure_ascii=False)
    escaped = text.encode("utf-8", "backslashreplace").replace(rb"\\udc", rb"\udc")
    return replace(result, error=None), escaped.replace(rb"\udc", rb"/udc")


def test_an_evaluation_that_takes_too_long_is_ended_alone_and_the_code_is_busy_meanwhile(
    either: Side, write: Write
) -> None:
    with called(either, write) as (code_server, watcher), ThreadPoolExecutor(2) as pool:
        evaluation = Evaluation("everything", "waits", "sensor")
        late, other = (pool.submit(code_server.evaluate, evaluation, seconds) for seconds in (1.0, 60.0))
        result = late.result(60)
        assert result.error is not None
        assert result.error.kind is ErrorKind.EVALUATION_TIMEOUT
        assert result.error.message.startswith("The sensor 'waits' was not evaluated within 1 s, and was ended.\n")
        assert result.error.frames[-1].function == "wait_for"
        wait_until(lambda: watcher.last.busy_since is not None, what="busy")
        assert watcher.last.state is State.READY
        write("released", "")
        assert [run.run_key for run in other.result(60).run_requests] == ["released"]
        wait_until(lambda: watcher.last.busy_since is None, what="no longer busy")


def test_a_call_whose_code_server_is_closed_returns_at_once_and_its_process_ends(
    either: Side, write: Write, tmp_path: Path
) -> None:
    with called(either, write) as (code_server, _), ThreadPoolExecutor(1) as pool:
        call = pool.submit(code_server.evaluate, Evaluation("everything", "waits", "sensor"), 2.0)
        wait_until(lambda: bool(list(tmp_path.glob("waiting-*"))), what="the call")
        (file,) = tmp_path.glob("waiting-*")
        code_server.close()
        result = call.result(60)
        assert result.error is not None
        assert result.error.kind in (ErrorKind.EVALUATION_CUT_OFF, ErrorKind.SERVER_UNREACHABLE)
        wait_until(lambda: not alive(int(file.name.rpartition("-")[2])), what="the end of its process")


def test_a_server_that_ends_answers_the_calls_under_way(write: Write, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        side = Side("tcp", stack)
        with called(side, write) as (code_server, _), ThreadPoolExecutor(1) as pool:
            assert side.server is not None
            call = pool.submit(code_server.evaluate, Evaluation("everything", "waits", "sensor"), 60.0)
            wait_until(lambda: bool(list(tmp_path.glob("waiting-*"))), what="the call")
            side.server.signal(signal.SIGTERM)
            side.server.wait_for("calls and runs under way come to their end first")
            write("released", "")
            assert [run.run_key for run in call.result(60).run_requests] == ["released"]
            assert side.server.wait_for_end() == 0


# -- output and explanation -----------------------------------------------------------------------------------------


def test_output_is_what_the_code_wrote(side: Side, write: Write) -> None:
    file = write(
        "prints.py",
        r"""
        import os
        from skerry import pipeline

        @pipeline
        def daily():
            pass

        print("é\U0001f3dd" * 1000)
        os.write(1, b"\xff\xfe\x00\r\n")
        os.write(2, "\U0001f3dd".encode() * 250_000)
        os.write(1, b"\nthe end")
        """,
    )
    expected = "é\U0001f3dd" * 1000 + "\n" + r"\xff\xfe" + "\x00\r\n" + "\U0001f3dd" * 250_000 + "\nthe end"
    with side.opened(file) as code_server:
        watcher = Watcher()
        code_server.watch(watcher)
        watcher.wait_for(State.READY)
        wait_until(lambda: code_server.output() == expected, what="the output")


def test_how_the_code_is_found_is_explained_alike(either: Side, here: Side, hello: Path) -> None:
    explanation = either.settled(hello).explanation
    assert explanation is not None
    assert explanation.file == str(hello)
    assert explanation.working_directory == str(hello.parent)
    assert explanation == here.settled(hello).explanation


# -- close ------------------------------------------------------------------------------------------------------------


def test_closing_is_idempotent_from_any_thread_and_the_end_of_what_is_told(side: Side, write: Write) -> None:
    gate = write("gate.py", GATE)
    side.prepare(gate)
    with side.opened(gate) as code_server:
        watcher = Watcher()
        code_server.watch(watcher)
        wait_until(lambda: watcher.last.explanation is not None, what="the import")
        threads = [threading.Thread(target=code_server.close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        told = len(watcher.statuses)
        (gate.parent / "open").touch()
        if side.server is not None:
            side.server.wait_for("READY")  # it is not ours, and goes on
        code_server.close()
        assert isinstance(code_server.output(), str)
    assert len(watcher.statuses) == told
    assert watcher.last.state is State.LOADING


def test_closing_before_anything_is_told_leaves_nothing(either: Side, write: Write) -> None:
    gate = write("gate.py", GATE)
    either.prepare(gate)
    for _ in range(5):
        with either.opened(gate) as code_server:
            code_server.close()


def test_opening_and_closing_again_and_again_leaves_nothing(either: Side, hello: Path) -> None:
    either.prepare(hello)
    with nothing_left():
        for _ in range(5):
            assert either.settled(hello).state is State.READY


# -- reload, as a workspace asks for it -------------------------------------------------------------------------------


def test_a_reload_is_a_new_generation_and_a_failed_one_keeps_the_last(side: Side, hello: Path) -> None:
    with Workspace.from_entries([side.entry(hello)], hello.parent) as workspace:
        (location,) = workspace.locations
        assert location.wait(60)
        states: set[State] = set()
        workspace.subscribe(lambda name, old, new: states.add(new.state))
        hello.write_text(hello.read_text().replace("hello_pipeline", "renamed"))
        result = location.reload()
        assert (result.old_generation, result.new_generation, result.error) == (1, 2, None)
        assert [[str(name) for name in names] for names in (result.changes.added, result.changes.removed)] == [
            ["pipeline renamed in hello_repository"],
            ["pipeline hello_pipeline in hello_repository"],
        ]
        wait_until(lambda: names(location) == ["renamed"], what="the new code")
        assert location.server is not None
        assert location.server.generation == 2
        good = hello.read_text()
        hello.write_text("raise ValueError('no')")
        result = location.reload()
        assert (result.old_generation, result.new_generation) == (2, None)
        assert result.error is not None
        assert (result.error.kind, result.error.message) == (ErrorKind.EXCEPTION, "ValueError: no")
        assert result.error.frames[-1].source == "raise ValueError('no')"
        wait_until(lambda: location.snapshot.stale, what="stale")
        assert names(location) == ["renamed"]
        assert location.error == result.error
        hello.write_text(good)
        result = location.reload()
        assert (result.old_generation, result.error) == (2, None)
        wait_until(lambda: not location.snapshot.stale, what="no longer stale")
        assert location.error is None
        assert states == {State.READY}


def names(location: Any) -> list[str]:
    return [pipeline.name for repository in location.repositories for pipeline in repository.pipelines]
