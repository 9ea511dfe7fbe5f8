"""Runs for clients of others' making."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import raw
from support.remote_runs import SHORT_LEASE, ended, remote
from support.runs import config
from support.servers import Server, serving

from skerry import RunStatus, UnknownRunError, Workspace
from skerry.model import RunOptions
from skerry.plugin import RunStart
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.peer import Peer
from skerry.rpc.wire_runs import write_start

Load = Callable[[str], Workspace]


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


def test_who_does_not_follow_a_run_may_detach_it(code: Path) -> None:
    asked = json.dumps(config("wait", file=str(code / "go")))
    with (
        serving(code, "-f", "runs.py", settings=SHORT_LEASE) as server,
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
