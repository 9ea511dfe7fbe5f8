"""Text from outside (names, messages, paths) made safe and short enough to show. Imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path


def safe(text: str) -> str:
    """Give ``text`` on one line, with nothing in it that moves the cursor, changes colours or reorders letters.

    What is not printable (control characters, right-to-left marks, zero-width characters, lone surrogates) is
    replaced by its escape, as in ``\\u202e``; tabs become four spaces, other spaces a space.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character == "\t":
        return "    "
    # The spaces that are not the space: no-break, thin, ideographic.
    if character.isspace() and character not in "\r\n\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "
    return ascii(character)[1:-1]


def short_path(path: str, folder: Path) -> str:
    """Give ``path`` relative to ``folder`` if it is inside, with ``~`` for the home folder, or as it is."""
    for base, prefix in ((str(folder), ""), (os.path.expanduser("~"), "~/")):
        if base != "/" and path.startswith(base + "/"):
            return prefix + path[len(base) + 1 :]
    return path


def counted(count: int, thing: str) -> str:
    """``1 pipeline``, ``2 pipelines``, ``2 repositories``."""
    plural = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{count} {thing if count == 1 else plural}"


def duration(seconds: float) -> str:
    """``31 ms``, ``1.24 s``, ``184 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 99.995 else f"{seconds:.0f} s"


def nearest(name: str, known: list[str]) -> str | None:
    """Give the known name that is most like ``name``, if one is like it."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1)), None)
