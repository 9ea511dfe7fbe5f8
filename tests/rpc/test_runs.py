"""Runs of a remote location: executed where its code is, told here as those of a local one."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import raw
from support.cutting import line_to
from support.runs import HOST
from support.servers import Server, alive, serving, short_folder
from support.waiting import wait_until

from skerry import ErrorKind, LaunchedRun, Location, LocationError, RunStatus, State, UnknownRunError, Workspace
from skerry.execution import EventType
from skerry.model import RunOptions
from skerry.plugin import RunStart
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.peer import Peer
from skerry.rpc.wire_runs import write_start
from skerry.user_process.journal import CANCEL

Load = Callable[[str], Workspace]

CHILDREN = Path(__file__).parent.parent / "children"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Give a folder with the code, apart from that of the workspace."""
    folder = tmp_path / "code"
    folder.mkdir()
    shutil.copy(CHILDREN / "runs.py", folder)
    return folder


@pytest.fixture
def server(code: Path) -> Iterator[Server]:
    with serving(code, "-f", "runs.py") as server:
        server.wait_for("READY")  # its processes are all there before a test looks what it leaves behind
        yield server


def remote(load: Load, port: int) -> Location:
    (location,) = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")
    return ready(location)


def ready(location: Location) -> Location:
    wait_until(lambda: location.state is State.READY, 60, f"READY, not {location.snapshot}")
    return location


def config(solid: str, **values: Any) -> dict[str, Any]:
    return {"solids": {solid: {"config": values}}}


def told(run: LaunchedRun, solid: str) -> str:
    """Give the first message that a solid logs."""
    return next(
        str(event.data["message"]) for event in run.events() if event.type is EventType.LOG and event.solid == solid
    )


def shown(run: LaunchedRun) -> Any:
    """Give all that is told of a run but for its times and its processes."""
    events = [{**event.to_json(), "at": None} for event in run.events()]
    told = json.dumps([run.run.status.value, run.output(), events])
    return json.loads(re.sub("0x[0-9a-f]+", "0x", told))  # the address of a thread


LAUNCHES: list[tuple[str, dict[str, Any]]] = [
    ("daily", {"repository": "runs", "tags": {"team": "größe \U0001f3dd"}}),
    ("daily", {"repository": "others", "solids": ["one"], "max_concurrency": 2}),
    ("leaving", {"run_config": config("leave", exit="raise")}),
    ("leaving", {"run_config": config("leave", exit="exit")}),
    ("leaving", {"run_config": config("leave", exit="SIGSEGV")}),
    ("awkward", {}),
]


@pytest.mark.parametrize("kind", ["socket", "port"])
def test_a_run_is_told_as_if_it_were_here(kind: str, code: Path, load: Load) -> None:
    with contextlib.ExitStack() as stack:
        if kind == "socket":
            socket = stack.enter_context(short_folder()) / "sock"
            stack.enter_context(serving(code, "-f", "runs.py", "--socket", str(socket)))
            where = f"socket: {socket}"
        else:
            where = f"port: {stack.enter_context(serving(code, '-f', 'runs.py')).port}"
        workspace = load(
            f"load_from:\n- python_file: {code / 'runs.py'}\n- grpc_server: {{{where}, location_name: remote}}\n"
        )
        here, there = (ready(location) for location in workspace)
        for pipeline, options in LAUNCHES:
            runs = [location.launch(pipeline, **options) for location in (here, there)]
            for run in runs:
                assert run.wait(60).status.is_over
            assert shown(runs[1]) == shown(runs[0])
        record = runs[1].run
        assert (record.location, record.generation, record.elsewhere) == ("remote", 1, True)
        workspace.close()


def test_a_run_that_goes_on_is_followed_as_it_goes(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
    pid = int(told(run, "wait"))
    assert run.run.status is RunStatus.RUNNING
    assert alive(pid)
    (code / "go").touch()
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert run.output() == "torn down\n"


def test_what_it_has_printed_is_there_while_it_goes_on(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    run = location.launch("refusing")
    told(run, "refuse")
    run.cancel()
    wait_until(lambda: run.output() == "refused\n", what="the output")
    assert not run.run.status.is_over


def test_a_run_is_started_once_for_each_id(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    runs = [location.launch("daily", repository="runs", run_id="mine") for _ in range(3)]
    for run in runs:
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert [event.type for event in run.events()].count(EventType.RUN_STARTED) == 1
    assert len(list((code / ".skerry" / "served_runs").iterdir())) == 1


def test_two_hosts_that_choose_one_id_start_it_once(server: Server, load: Load, tmp_path: Path, code: Path) -> None:
    entry = {"grpc_server": {"port": server.port, "location_name": "remote"}}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with Workspace.from_entries([entry], tmp_path / "a") as a, Workspace.from_entries([entry], tmp_path / "b") as b:
        runs = [ready(one["remote"]).launch("daily", repository="runs", run_id="mine") for one in (a, b)]
        first, second = [[event.to_json() for event in run.events()] for run in runs]
    assert first == second
    assert first[-1]["type"] == "RUN_SUCCEEDED"


def test_a_large_run_config_arrives(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    many = config("wait", file=str(code / "go"), more="x" * 3_000_000)
    (code / "go").touch()
    assert location.launch("waiting", run_config=many).wait(30).status is RunStatus.SUCCEEDED


def test_what_no_server_takes_is_refused_and_the_record_says_so(server: Server, load: Load) -> None:
    location = remote(load, server.port)
    with pytest.raises(LocationError) as refused:
        location.launch("daily", repository="runs", run_id="large", tags={"x": "y" * 100_000})
    assert str(refused.value).startswith(
        f"The code server at localhost:{server.port} has not started the run: its tags and solids take 100"
    )
    with pytest.raises(LocationError, match="its run config takes 17000"):
        location.launch("waiting", run_config=config("wait", file="x" * 17_000_000))


@pytest.mark.parametrize("how", ["cancel", "close", "command"])
def test_a_run_is_cancelled_and_torn_down(how: str, server: Server, load: Load, tmp_path: Path) -> None:
    workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
    run = ready(workspace["remote"]).launch("waiting", run_config=config("wait", file="/nowhere"), run_id="mine")
    pid = int(told(run, "wait"))
    if how == "cancel":
        run.cancel()
    elif how == "close":
        workspace.close()
    else:
        # Another process on this machine asks for it.
        line = [sys.executable, "-m", "skerry", "cancel", "mine"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "mine  CANCELED\n")
    assert run.wait(30).status is RunStatus.CANCELED
    assert run.output() == "torn down\n"
    assert not alive(pid)


def test_a_run_survives_a_connection_that_breaks(server: Server, load: Load, code: Path) -> None:
    with line_to(server.port) as line:
        location = remote(load, line.port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        line.cut()
        wait_until(lambda: location.state is State.UNREACHABLE, what="UNREACHABLE")
        (code / "go").touch()
        journal = next((code / ".skerry" / "served_runs").iterdir()) / "events.jsonl"
        wait_until(lambda: "RUN_SUCCEEDED" in journal.read_text(), what="the end, over there")
        assert run.run.status is RunStatus.RUNNING
        line.mend()
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert run.output() == "torn down\n"
        assert [event.sequence for event in run.events()] == list(range(1, len(list(run.events())) + 1))
        # The journal here is the one over there.
        mine = Path(run._folder.path) / "events.jsonl"
        assert mine.read_text() == journal.read_text()


def test_a_cancellation_is_told_when_the_connection_is_back(server: Server, load: Load) -> None:
    with line_to(server.port) as line:
        location = remote(load, line.port)
        run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
        pid = int(told(run, "wait"))
        line.cut()
        wait_until(lambda: location.state is State.UNREACHABLE, what="UNREACHABLE")
        run.cancel()
        Path(run._folder.path, CANCEL).unlink()  # as on a full disk, where no note is left to whoever looks later
        assert alive(pid)
        line.mend()
        assert run.wait(30).status is RunStatus.CANCELED


def test_what_is_known_of_a_run_is_not_sent_again(server: Server, load: Load, code: Path) -> None:
    with line_to(server.port) as line:
        location = remote(load, line.port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go"), lines=100))
        assert len(list(itertools.islice(run.events(), 103))) == 103  # three before the first line
        line.cut()
        wait_until(lambda: location.state is State.UNREACHABLE, what="UNREACHABLE")
        before = line.received
        assert before > 500_000
        line.mend()
        (code / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert line.received - before < 250_000


def test_a_run_is_started_when_the_connection_breaks_meanwhile(server: Server, load: Load) -> None:
    with line_to(server.port) as line, ThreadPoolExecutor(1) as pool:
        location = remote(load, line.port)
        server.signal(signal.SIGSTOP)  # what is sent waits
        try:
            sent = line.sent
            launched = pool.submit(location.launch, "daily", repository="runs")
            wait_until(lambda: line.sent > sent, what="the request")
            line.cut()
            line.mend()
        finally:
            server.signal(signal.SIGCONT)
        run = launched.result(60)
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert [event.type for event in run.events()].count(EventType.RUN_STARTED) == 1


def test_a_reload_over_there_does_not_touch_a_run(load: Load, code: Path) -> None:
    with serving(code, "-f", "runs.py") as server:
        location = remote(load, server.port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        assert location.reload().new_generation == 2
        (code / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert location.launch("daily", repository="runs").run.generation == 2


def test_a_run_from_failure_takes_over_what_is_kept_over_there(server: Server, load: Load) -> None:
    location = remote(load, server.port)
    failed = location.launch("leaving", run_config=config("leave", exit="raise"))
    assert failed.wait(30).status is RunStatus.FAILED
    again = location.launch("leaving", run_config=config("leave", exit="raise"), after=failed.id)
    again.wait(30)
    started = [event.solid for event in again.events() if event.type is EventType.SOLID_STARTED]
    assert started == ["leave"]


@contextlib.contextmanager
def host(folder: Path, port: int, go: Path, how: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a host in another process that launches a run; gives it and the pid of the run."""
    (folder / "host.py").write_text(HOST)
    (folder / "workspace.yaml").write_text(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]\n")
    line = [sys.executable, "host.py", "workspace.yaml", str(go), how]
    process = subprocess.Popen(line, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_a_run_that_nobody_follows_any_more_is_cancelled(code: Path, tmp_path: Path) -> None:
    settings = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.LEASE = 0.5"
    with serving(code, "-f", "runs.py", settings=settings) as server:
        with host(tmp_path, server.port, tmp_path / "go", "attached") as (process, pid):
            process.kill()
            wait_until(lambda: not alive(pid), 30, "the end of the run")
        # Whoever looks is told how it ended.
        with Workspace.load(tmp_path / "workspace.yaml") as workspace:
            assert workspace.launched("mine").wait(30).status is RunStatus.CANCELED


@pytest.mark.parametrize("how", ["killed", "closed"])
def test_a_detached_run_goes_on_without_its_host_and_is_taken_up_again(how: str, code: Path, tmp_path: Path) -> None:
    settings = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.LEASE = 0.5"
    with serving(code, "-f", "runs.py", settings=settings) as server:
        with host(tmp_path, server.port, tmp_path / "go", "detached") as (process, pid):
            if how == "killed":
                process.kill()
            process.communicate(timeout=30)
            assert alive(pid)
        with Workspace.load(tmp_path / "workspace.yaml") as workspace:
            run = workspace.launched("mine")
            assert run.run.status is RunStatus.RUNNING
            assert run.is_followed
            (tmp_path / "go").touch()
            assert run.wait(30).status is RunStatus.SUCCEEDED
            assert run.output() == "torn down\n"


def test_closing_waits_until_the_server_knows_what_was_detached(code: Path, load: Load) -> None:
    settings = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.LEASE = 0.5"
    with serving(code, "-f", "runs.py", settings=settings) as server, ThreadPoolExecutor(1) as pool:
        server.wait_for("READY")
        workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
        run = ready(workspace["remote"]).launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        server.signal(signal.SIGSTOP)
        try:
            run.detach()
            closed = pool.submit(workspace.close)
            with pytest.raises(TimeoutError):
                closed.result(1.0)
        finally:
            server.signal(signal.SIGCONT)
        closed.result(30)
        (code / "go").touch()
        assert ended(code, run.run.id) == "RUN_SUCCEEDED"


def test_who_does_not_follow_a_run_may_detach_it(code: Path) -> None:
    settings = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.LEASE = 0.5"
    asked = json.dumps(config("wait", file=str(code / "go")))
    with (
        serving(code, "-f", "runs.py", settings=settings) as server,
        contextlib.closing(raw.channel(f"localhost:{server.port}")) as channel,
    ):
        server.wait_for("READY")
        for run_id in ("detached", "left"):
            start = messages.RunStart(run_id=run_id, repository="runs", pipeline="waiting")
            part = messages.StartRunPart(start=start, run_config=asked)
            list(raw.conversation(channel, "StartRun")(part.SerializeToString(), timeout=30))
            if run_id == "detached":
                request = messages.RunsRequest(detach=run_id).SerializeToString()
                assert list(raw.conversation(channel, "FollowRuns")(request, timeout=30))
        # The one that nobody follows is cancelled when its time is over, and that of the other was over before.
        assert ended(code, "left") == "RUN_CANCELED"
        (code / "go").touch()
        assert ended(code, "detached") == "RUN_SUCCEEDED"


def ended(code: Path, run_id: str) -> str:
    """Wait until a run has ended over there, and give how."""
    journal = code / ".skerry" / "served_runs" / run_id / "events.jsonl"
    ends = re.compile('"type": ?"(RUN_(?:SUCCEEDED|FAILED|CANCELED))"')
    wait_until(lambda: journal.exists() and ends.search(journal.read_text()) is not None, what=f"the end of {run_id}")
    return str(ends.findall(journal.read_text())[0])


def test_a_detached_run_outlives_its_server_and_is_found_by_the_next(code: Path, load: Load) -> None:
    with serving(code, "-f", "runs.py") as server:
        port = server.port
        location = remote(load, port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")), detached=True)
        pid = int(told(run, "wait"))
    assert alive(pid)
    with serving(code, "-f", "runs.py", "--port", str(port)):
        (code / "go").touch()
        assert run.wait(60).status is RunStatus.SUCCEEDED


def test_a_server_that_ends_lets_runs_come_to_their_end(code: Path, load: Load) -> None:
    with serving(code, "-f", "runs.py") as server:
        location = remote(load, server.port)
        run = location.launch("waiting", run_config=config("wait", file=str(code / "go")))
        told(run, "wait")
        server.signal(signal.SIGTERM)
        server.wait_for("come to their end first")
        (code / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
        assert server.wait_for_end() == 0


def test_a_server_that_ends_cancels_what_takes_too_long_and_tells_it(code: Path, load: Load) -> None:
    settings = "import skerry.rpc.service_runs\nskerry.rpc.service_runs.DRAIN = 0.1"
    with serving(code, "-f", "runs.py", settings=settings) as server:
        location = remote(load, server.port)
        run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
        pid = int(told(run, "wait"))
        server.signal(signal.SIGTERM)
        assert run.wait(30).status is RunStatus.CANCELED
        assert "torn down" in run.output()
        assert server.wait_for_end() == 0
    assert not alive(pid)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_server_that_is_killed_takes_its_runs_along_and_the_record_is_true(
    keeps: bool, code: Path, load: Load
) -> None:
    with serving(code, "-f", "runs.py") as server:
        port = server.port
        location = remote(load, port)
        run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
        pid = int(told(run, "wait"))
        server.signal(signal.SIGKILL)
        server.wait_for_end()
    wait_until(lambda: not alive(pid), 10, "the end of the run")
    if not keeps:
        shutil.rmtree(code / ".skerry")
    with serving(code, "-f", "runs.py", "--port", str(port)):
        ended = run.wait(60)
    if keeps:
        # It was cancelled, as far as it came with that before it was killed.
        assert ended.status in (RunStatus.FAILED, RunStatus.CANCELED)
        return
    assert ended.status is RunStatus.FAILED
    errors = [event.error for event in run.events() if event.error is not None]
    assert errors[-1].kind is ErrorKind.RUN_UNKNOWN_ELSEWHERE
    assert errors[-1].message.startswith(
        f"The code server at localhost:{port} does not know the run {run.id!r} any more."
    )


def test_an_id_leads_nowhere_else(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    with pytest.raises(UnknownRunError):
        location.launch("daily", repository="runs", after="nobody")
    # What a client of its own making asks for.
    peer = Peer(Address("localhost", server.port), None, lambda: None)
    try:
        peer.shake_hands(10)
        for run_id, parent in (("../x", None), ("x", "../../.."), ("x", ""), ("", None), ("x" * 101, None)):
            options = RunOptions("runs", "daily", parent_id=parent)
            parts = write_start(RunStart(run_id, options))
            reply = peer.stream(peer.stubs.start_run, iter(list(parts)), 30)
            assert reply.error.kind == "RUN_ID_INVALID", reply
        asked = iter([messages.RunsRequest(follow=messages.FollowRun(run_id="../x")), messages.RunsRequest()])
        assert [part.unknown for part in peer.stream(peer.stubs.follow_runs, asked, 30)] == [True]
    finally:
        peer.close()
    assert not (code / ".skerry" / "x").exists()


def test_a_run_over_there_is_shown_by_the_command_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "workspace.yaml").write_text(f"load_from: [grpc_server: {{port: {server.port}}}]\n")

    def skerry(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "skerry", *arguments]
        return subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    done = skerry("run", "runs/daily", "--json", "--run-id", "mine")
    assert done.returncode == 0, done.stderr
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert (types[0], types[-1]) == ("RUN_STARTED", "RUN_SUCCEEDED")
    shown = skerry("runs", "show", "mine")
    assert "printed" in shown.stdout
    (record,) = json.loads(skerry("runs", "--json").stdout)
    assert (record["id"], record["status"]) == ("mine", "SUCCEEDED")


@contextlib.contextmanager
def shown_run(folder: Path, port: int, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run ``skerry run`` of the pipeline that waits; gives the process and the lines that it writes."""
    (folder / "workspace.yaml").write_text(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]\n")
    line = [sys.executable, "-u", "-m", "skerry", "run", *arguments]
    process = subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reader.start()
    try:
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(30)
        process.stdout.close()


def test_who_looks_on_is_told_that_the_connection_is_lost(server: Server, tmp_path: Path, code: Path) -> None:
    go = json.dumps(config("wait", file=str(code / "go")))
    with (
        line_to(server.port) as line,
        shown_run(tmp_path, line.port, "waiting", "--config-json", go) as (process, lines),
    ):
        wait_until(lambda: any("INFO" in one for one in lines), 30, "the run")
        line.cut()
        wait_until(lambda: any("The connection to remote is lost." in one for one in lines), 30, f"it in {lines}")
        (code / "go").touch()
        line.mend()
        assert process.wait(30) == 0
    assert "SUCCEEDED" in lines[-1]


QUICK = """
import skerry.code_server.runs, skerry.rpc.service_runs
skerry.code_server.runs.CANCEL_GRACE = 1.0
skerry.rpc.service_runs.LEASE = 0.5
"""


def test_ctrl_c_cancels_a_run_over_there(server: Server, tmp_path: Path) -> None:
    nowhere = json.dumps(config("wait", file="/nowhere"))
    with shown_run(tmp_path, server.port, "waiting", "--config-json", nowhere) as (process, lines):
        wait_until(lambda: any("INFO" in one for one in lines), 30, "the run")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 1
    assert "CANCELED" in lines[-1]


def test_ctrl_c_twice_leaves_a_run_over_there_to_itself(tmp_path: Path, code: Path) -> None:
    with serving(code, "-f", "runs.py", settings=QUICK) as server:
        with shown_run(tmp_path, server.port, "refusing", "--run-id", "stays") as (process, lines):
            wait_until(lambda: any("INFO" in one for one in lines), 30, "the run")
            process.send_signal(signal.SIGINT)
            wait_until(lambda: any("Cancelling the run." in one for one in lines), 30, "it")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        assert "The run stays goes on by itself until it has ended.\n" in lines
        # Nobody follows it now: its location is asked how it has ended.
        line = [sys.executable, "-m", "skerry", "cancel", "stays"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "stays  CANCELED\n"), done.stderr


def test_a_detached_run_is_cancelled_and_shown_where_nobody_follows_it(
    server: Server, tmp_path: Path, code: Path
) -> None:
    (tmp_path / "workspace.yaml").write_text(
        f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]\n"
    )

    def skerry(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "skerry", *arguments]
        return subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    where = json.dumps(config("wait", file=str(code / "go")))
    for run_id in ("a", "b"):
        done = skerry("run", "waiting", "--detach", "--run-id", run_id, "--config-json", where)
        assert done.returncode == 0, done.stderr
    done = skerry("cancel", "a")
    assert (done.returncode, done.stdout) == (0, "a  CANCELED\n"), done.stderr
    (code / "go").touch()
    wait_until(lambda: "SUCCEEDED" in skerry("runs", "show", "b").stdout, 60, "the end, as it is shown")
    server.signal(signal.SIGTERM)
    server.wait_for_end()
    done = skerry("runs", "show", "b")
    assert "torn down" in done.stdout


def test_a_run_that_cannot_be_reached_is_not_said_to_be_cancelled(tmp_path: Path, code: Path) -> None:
    with serving(code, "-f", "runs.py") as server:
        (tmp_path / "workspace.yaml").write_text(
            f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]\n"
        )
        where = json.dumps(config("wait", file=str(code / "go")))
        line = [sys.executable, "-m", "skerry"]
        arguments = ["run", "waiting", "--detach", "--run-id", "far", "--config-json", where]
        subprocess.run([*line, *arguments], cwd=tmp_path, check=True, timeout=60, capture_output=True)
    try:
        cancelled = subprocess.run([*line, "cancel", "far"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        shown = subprocess.run([*line, "runs", "show", "far"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    finally:
        (code / "go").touch()
    assert cancelled.returncode == 1
    assert "The run far is executed elsewhere, and its location 'remote' cannot be reached." in cancelled.stderr
    assert "STARTING" in shown.stdout or "RUNNING" in shown.stdout
    assert "It is executed elsewhere, and remote cannot be reached: this is what was heard last." in " ".join(
        shown.stdout.split()
    )
    assert ended(code, "far") == "RUN_SUCCEEDED"


def test_who_stalls_while_it_sends_takes_nobodys_turn_for_long(code: Path, load: Load, tmp_path: Path) -> None:
    settings = "import skerry.rpc.service_runs as runs; runs.SENDING_LIMIT = 1.0"
    piece = messages.StartRunPart(run_config="x" * 50_000).SerializeToString()
    with serving(code, "-f", "runs.py", settings=settings) as server, contextlib.ExitStack() as stack:
        location = remote(load, server.port)
        stalled = threading.Event()
        stack.callback(stalled.set)

        def some(count: int) -> Iterator[bytes]:
            yield from [piece] * count
            stalled.wait(60)

        channel = stack.enter_context(contextlib.closing(raw.channel(f"localhost:{server.port}")))
        calls = [raw.started(channel, "StartRun", some(count)) for count in (1, *[4] * 20)]
        (code / "go").touch()
        small = location.launch("daily", repository="runs")
        errors = {(call.code().name, call.details()) for call in calls}
        large = location.launch("waiting", run_config=config("wait", file=str(code / "go"), more="x" * 300_000))
        assert small.wait(30).status is large.wait(30).status is RunStatus.SUCCEEDED
    assert errors == {("RESOURCE_EXHAUSTED", "what is to be run was not sent in time, or others send as much just now")}


def test_what_another_client_leaves_out_is_as_usual(server: Server, load: Load, code: Path) -> None:
    location = remote(load, server.port)
    start = messages.RunStart(run_id="bare", repository="runs", pipeline="daily")
    with contextlib.closing(raw.channel(f"localhost:{server.port}")) as channel:
        asked = messages.StartRunPart(start=start).SerializeToString()
        (reply,) = raw.conversation(channel, "StartRun")(asked, timeout=30)
    assert not messages.StartRunReply.FromString(reply).HasField("error")
    (kept,) = (code / ".skerry" / "served_runs").iterdir()
    assert json.loads((kept / "run.json").read_text())["options"]["max_concurrency"] == 1
    # It is there, and so another start of the same id gives it.
    assert location.launch("daily", repository="runs", run_id="bare").wait(30).status is RunStatus.SUCCEEDED
