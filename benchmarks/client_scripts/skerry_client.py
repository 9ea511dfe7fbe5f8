"""Calls of Skerry's, for ``closed_loop``: through the client that a workspace uses, over a connection that is kept.

The target: ``address``, and ``tls``: the fields of ``skerry.plugin.Tls``, or nothing.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from skerry.plugin import Tls
from skerry.rpc import health
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.peer import Peer
from skerry.rpc.wire import read_snapshot
from skerry.rpc.wire_reload import read_reload

#: Seconds for one call.
_TIMEOUT = 60.0


def connect(target: dict[str, Any], what: str) -> Callable[[], object]:
    """Give a call to make again and again: ``ping``, ``snapshot``, ``both`` by turns, or ``reload``."""
    tls = Tls(**target["tls"]) if target["tls"] else None
    peer = Peer(Address.parse(target["address"]), tls, lambda: None)

    def ping() -> None:
        peer.shake_hands(_TIMEOUT)

    def snapshot() -> None:
        with peer.errors():
            parts = peer.stream(peer.stubs.snapshot, messages.SnapshotRequest(), _TIMEOUT)
            (repository,) = read_snapshot(item for part in parts for item in part.items)
        assert repository.pipelines, "a snapshot without its pipeline"

    def reload() -> None:
        result = read_reload(peer.call(peer.stubs.reload, messages.ReloadRequest(), _TIMEOUT))
        assert result.error is None, result.error

    by_turns = itertools.cycle([ping, snapshot])
    _wait_until_ready(peer)
    return {"ping": ping, "snapshot": snapshot, "both": lambda: next(by_turns)(), "reload": reload}[what]


def _wait_until_ready(peer: Peer) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline and peer.probe(health.check, "code", _TIMEOUT) != "SERVING":
        time.sleep(0.02)
