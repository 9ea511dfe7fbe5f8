"""Runs over connections that break."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.cutting import line_to
from support.remote_runs import remote
from support.runs import config, told
from support.servers import Server, alive
from support.waiting import wait_until

from skerry import RunStatus, State, Workspace
from skerry.execution import EventType
from skerry.user_process.journal import CANCEL

Load = Callable[[str], Workspace]


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
