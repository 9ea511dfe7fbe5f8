"""A connection over which nothing is said for long: its first call is answered, and nobody is sent away meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.servers import serving
from support.waiting import wait_until

from skerry import State, Workspace
from skerry.model import LocationState
from skerry.rpc import protocol
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.peer import Peer

Load = Callable[[str], Workspace]

#: The soak takes its time. Otherwise both sides' pings are so frequent that a server which minds them has had enough.
TRUE_LENGTH = bool(os.environ.get("SKERRY_SOAK"))
IDLE = 600.0 if TRUE_LENGTH else 8.0
#: A ping a second is the most that grpc sends.
FASTER = 1 if TRUE_LENGTH else 10

#: Options are milliseconds.
_TIMES = (
    "grpc.keepalive_time_ms",
    "grpc.http2.min_ping_interval_without_data_ms",
    "grpc.http2.min_recv_ping_interval_without_data_ms",
)
SETTINGS = f"""
import skerry.rpc.protocol as protocol
protocol.SERVER_OPTIONS = [
    (name, value // {FASTER} if name in {_TIMES} else value) for name, value in protocol.SERVER_OPTIONS
]
"""


def test_the_first_call_after_long_idleness_is_answered(
    hello: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [(name, value // FASTER if name in _TIMES else value) for name, value in protocol.CHANNEL_OPTIONS]
    monkeypatch.setattr(protocol, "CHANNEL_OPTIONS", options)
    with serving(hello.parent, "-f", "hello.py", settings=SETTINGS) as server:
        workspace = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
        assert workspace.wait(60)
        moves: list[LocationState] = []
        workspace.subscribe(lambda name, old, new: moves.append(new))
        peer = Peer(Address("localhost", server.port), None, lambda: None)
        try:
            peer.shake_hands(10)
            with peer.errors():
                watch = peer.stream(peer.stubs.watch, messages.WatchRequest())
                assert next(watch).state == messages.READY
            threading.Event().wait(IDLE)  # nothing is to happen, so there is nothing to wait for
            assert peer.shake_hands(10).pid == server.pid
            assert watch.is_active()
            watch.cancel()
        finally:
            peer.close()
        assert moves == []
        assert workspace["remote"].output() == ""
        assert workspace["remote"].reload().new_generation == 2
        wait_until(lambda: bool(moves), what="the move that the server tells")
        assert {move.state for move in moves} == {State.READY}
