"""How many calls that last may be under way, so that no client takes the place of the others."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

#: From so many in all on, a connection that has FEW gets no more; and at most MOST in all, so that the calls that are
#: answered at once always have room below ``protocol.CALLS_AT_ONCE``. A client of ours needs three.
CROWDED = 1000
FEW = 4
MOST = 3000

_UNIX = "unix:"


class Crowd:
    """The calls under way that wait for something: for news, for a reload, or for a client to read what it asked for.

    A connection alone is held to ``protocol.STREAMS_PER_CONNECTION`` by the transport.
    """

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._count = 0

    def refusal(self, peer: str) -> str | None:
        """Say why one more call of this connection has no place; None when it has. ``peer``: as grpc writes it."""
        mine = self._calls[peer]
        # All connections over a unix socket look alike. Who may use it has its folder's trust.
        greedy = mine >= FEW and not peer.startswith(_UNIX)
        if self._count >= MOST or (self._count >= CROWDED and greedy):
            return f"it has {self._count} calls under way, {mine} of them on this connection"
        return None

    @contextlib.contextmanager
    def place(self, peer: str) -> Iterator[None]:
        """Count a call for as long as it lasts."""
        self._count += 1
        self._calls[peer] += 1
        try:
            yield
        finally:
            self._count -= 1
            self._calls[peer] -= 1
            if not self._calls[peer]:
                del self._calls[peer]
