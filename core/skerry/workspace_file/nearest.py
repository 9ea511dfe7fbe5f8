"""Which known word a mistyped one is meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like ``word``, whatever their case; None when none is like it."""
    by_shape = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_shape, n=1)
    return by_shape[near[0]] if near else None
