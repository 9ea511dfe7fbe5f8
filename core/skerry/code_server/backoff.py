"""How long to wait before something is tried again."""

from __future__ import annotations

import random


class Backoff:
    """Waits that double, from ``first`` to ``last`` seconds; each is drawn from the last fifth below it.

    So those that failed together do not come back together.
    """

    def __init__(self, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self._wait = 0.0

    def next(self, at_most: float | None = None) -> float:
        """Give the seconds to wait now; ``at_most``: a bound for this time."""
        last = self._last if at_most is None else min(self._last, at_most)
        self._wait = min(max(self._first, self._wait * 2), last)
        return self._wait * random.uniform(0.8, 1.0)

    def reset(self) -> None:
        """Begin anew: it has held for long enough."""
        self._wait = 0.0
