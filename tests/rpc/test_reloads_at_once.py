"""Many clients reload, watch and fetch at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support import raw
from support.servers import serving
from support.waiting import wait_until

from skerry import State, Workspace
from skerry.model import ReloadResult
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.peer import Peer
from skerry.rpc.protocol import grpc
from skerry.rpc.wire import read_snapshot
from skerry.rpc.wire_reload import read_reload

Write = Callable[[str, str], Path]

CLIENTS = 8
CODE = """
from skerry import pipeline

@pipeline(name="version_{version}")
def made():
    pass
"""
#: Code that is being loaded until there is a file.
GATE = "\nimport os, time\nwhile not os.path.exists('open'):\n    time.sleep(0.01)\n"


def replace(file: Path, text: str) -> None:
    """Write a file so that nobody reads half of it."""
    other = file.with_suffix(".new")
    other.write_text(text)
    os.replace(other, file)


class Client:
    """Something that a thread does again and again until it is stopped; an exception is its failure."""

    def __init__(self, do: Callable[[], None], stop: threading.Event) -> None:
        self._do = do
        self._stop = stop
        self.rounds = 0
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._do()
            except Exception as error:
                self.failure = error
                return
            self.rounds += 1


def test_no_call_fails_and_every_watcher_ends_with_the_newest(write: Write, nothing_left: None) -> None:
    file = write("code.py", CODE.format(version=0))
    with serving(file.parent, "-f", "code.py") as server:
        server.wait_for("READY")
        entries = [
            {"grpc_server": {"port": server.port, "location_name": f"watcher {number}"}} for number in range(CLIENTS)
        ]
        lost: list[State] = []
        results: list[ReloadResult] = []
        peers = [Peer(Address("localhost", server.port), None, lambda: None) for _ in range(CLIENTS)]

        def reload(peer: Peer) -> None:
            result = read_reload(peer.call(peer.stubs.reload, messages.ReloadRequest(), 60))
            assert result.error is None, result.error
            assert result.new_generation is not None
            results.append(result)

        def fetch(peer: Peer) -> None:
            with peer.errors():
                parts = list(peer.stream(peer.stubs.snapshot, messages.SnapshotRequest(), 60))
            assert parts[0].status.state == messages.READY
            (repository,) = read_snapshot(item for part in parts for item in part.items)
            (pipeline,) = repository.pipelines
            assert pipeline.name.startswith("version_")

        with Workspace.from_entries(entries, file.parent) as workspace:
            assert workspace.wait(60)
            workspace.subscribe(lambda name, old, new: lost.append(new.state) if new.state is not State.READY else None)
            stop = threading.Event()
            clients = [
                Client(lambda peer=peer, do=do: do(peer), stop)  # type: ignore[misc]
                for peer, do in zip(peers, [reload, fetch] * (CLIENTS // 2), strict=True)
            ]
            try:
                for version in range(1, 6):
                    replace(file, CODE.format(version=version))
                    enough = [client.rounds + 2 for client in clients]
                    wait_until(
                        lambda enough=enough: all(  # type: ignore[misc]
                            client.failure or client.rounds >= least
                            for client, least in zip(clients, enough, strict=True)
                        ),
                        60,
                        "two rounds of everybody",
                    )
            finally:
                stop.set()
                for client in clients:
                    client.thread.join(60)
                for peer in peers:
                    peer.close()
            assert [client.failure for client in clients if client.failure] == []
            newest = max(result.new_generation or 0 for result in results)
            for location in workspace:
                wait_until(lambda: generation(location) == newest, what=f"generation {newest}")  # noqa: B023
                (repository,) = location.repositories
                assert [pipeline.name for pipeline in repository.pipelines] == ["version_5"]
            assert lost == []
            assert not any(location.snapshot.stale for location in workspace)


def generation(location: object) -> int:
    server = location.server  # type: ignore[attr-defined]
    return server.generation if server is not None else 0


def test_reloads_that_are_asked_for_while_one_is_under_way_are_one(write: Write) -> None:
    file = write("code.py", CODE.format(version=0))
    with serving(file.parent, "-f", "code.py") as server:
        server.wait_for("READY")
        channel = raw.channel(f"localhost:{server.port}")
        try:
            file.write_text("print('loading', flush=True)\n" + CODE.format(version=1) + GATE)
            first = raw.unary(channel, "Reload").future(b"", timeout=60)
            wait_until(lambda: "loading" in server.printed, what="the first reload")
            rest = [raw.unary(channel, "Reload").future(b"", timeout=60) for _ in range(90)]
            raw.unary(channel, "Handshake")(b"", timeout=60)  # what was sent before it has arrived
            (file.parent / "open").touch()
            results = [read_reload(messages.ReloadReply.FromString(call.result())) for call in (first, *rest)]
        finally:
            channel.close()
        assert [result.error for result in results if result.error] == []
        assert [result.new_generation for result in results] == [2] + [3] * 90
        wait_until(lambda: server.printed.count("loading") == 2, what="each load once")


def test_a_reload_loads_what_was_written_before_it_was_asked_for(write: Write) -> None:
    file = write("code.py", CODE.format(version=0))
    with serving(file.parent, "-f", "code.py") as server:
        server.wait_for("READY")
        channel = raw.channel(f"localhost:{server.port}")
        try:
            file.write_text("print('old code runs', flush=True)\n" + CODE.format(version=1) + GATE)
            slow = raw.unary(channel, "Reload").future(b"", timeout=60)
            wait_until(lambda: "old code runs" in server.printed, what="the first reload")
            file.write_text(CODE.format(version=2))
            quick = [raw.unary(channel, "Reload").future(b"", timeout=60) for _ in range(5)]
            raw.unary(channel, "Handshake")(b"", timeout=60)  # what was sent before it has arrived
            (file.parent / "open").touch()
            results = [read_reload(messages.ReloadReply.FromString(call.result())) for call in [slow, *quick]]
            assert [result.new_generation for result in results] == [2, 3, 3, 3, 3, 3]
            parts = [
                messages.SnapshotPart.FromString(part) for part in raw.stream(channel, "Snapshot")(b"", timeout=60)
            ]
        finally:
            channel.close()
        (repository,) = read_snapshot(item for part in parts for item in part.items)
        assert [pipeline.name for pipeline in repository.pipelines] == ["version_2"]


def test_a_client_that_gives_up_does_not_end_the_reload_of_others(write: Write) -> None:
    file = write("code.py", CODE.format(version=0))
    with serving(file.parent, "-f", "code.py") as server:
        server.wait_for("READY")
        channel, other = (raw.channel(f"localhost:{server.port}") for _ in range(2))
        try:
            file.write_text(
                "print('reloading', flush=True)\n"
                + CODE.format(version=1)
                + "\nimport os, time\nwhile not os.path.exists('open'):\n    time.sleep(0.01)\n"
            )
            slow = raw.unary(other, "Reload").future(b"", timeout=60)
            wait_until(lambda: "reloading" in server.printed, what="the reload")
            impatient = raw.unary(channel, "Reload").future(b"", timeout=60)
            patient = raw.unary(other, "Reload").future(b"", timeout=60)
            for each in (channel, other):
                raw.unary(each, "Handshake")(b"", timeout=60)  # what was sent before it has arrived
            impatient.cancel()
            raw.unary(channel, "Handshake")(b"", timeout=60)
            (file.parent / "open").touch()
            for call in (slow, patient):
                assert read_reload(messages.ReloadReply.FromString(call.result())).error is None
        finally:
            channel.close()
            other.close()
        assert "Traceback" not in server.log


@pytest.mark.parametrize("signals", [1, 2])
def test_a_server_ends_in_the_middle_of_a_reload_that_never_ends(write: Write, signals: int) -> None:
    file = write("code.py", CODE.format(version=0))
    settings = "import skerry.rpc.server as server; server.DRAIN_TIMEOUT = 1.0"
    with serving(file.parent, "-f", "code.py", settings=settings) as server:
        server.wait_for("READY")
        channel = raw.channel(f"localhost:{server.port}")
        try:
            file.write_text("print('reloading', flush=True)\nwhile True:\n    pass\n")
            reload = raw.unary(channel, "Reload").future(b"", timeout=60)
            wait_until(lambda: "reloading" in server.printed, what="the reload")
            for _ in range(signals):
                server.process.terminate()
            assert server.wait_for_end(20) == 0
            assert (reload.code(), reload.details()) == (grpc.StatusCode.UNAVAILABLE, "it is ending")
        finally:
            channel.close()
        assert "Traceback" not in server.log
