"""Single values as fields of messages: what protobuf would refuse is made into what it takes."""

from __future__ import annotations

from typing import Any

_UINT32 = 2**32 - 1
_INT64 = 2**63 - 1


def text(value: str, limit: int | None = None) -> str:
    """Give text that UTF-8 has, of at most ``limit`` bytes.

    A lone surrogate, as a file name may hold, is shown as ``\\udcNN``.
    """
    encoded = (value if limit is None else value[:limit]).encode("utf-8", "backslashreplace")
    return encoded[:limit].decode("utf-8", "ignore")  # a character that is cut in two goes


def last_text(value: str, limit: int) -> str:
    """Give the last ``limit`` bytes of text."""
    return value[-limit:].encode("utf-8", "backslashreplace")[-limit:].decode("utf-8", "ignore")


def optional_text(value: str | None, limit: int | None = None) -> str | None:
    """Give ``text`` of what may be absent."""
    return None if value is None else text(value, limit)


def number(value: Any, most: int = _UINT32) -> int | None:
    """Give what a field without sign can hold; None for what it cannot.

    Numbers of lines come from user code: whoever raises a SyntaxError says what its line is.
    """
    return value if isinstance(value, int) and 0 <= value <= most else None


def process_number(value: int | None) -> int | None:
    """Give a process's number, or None."""
    return number(value, _INT64)


def optional(message: Any, field: str) -> Any:
    """Read a field that may be absent: None then."""
    return getattr(message, field) if message.HasField(field) else None
