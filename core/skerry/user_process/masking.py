"""Secrets are shown as ``***``: the one place where they are, for the host and for what runs user code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from skerry.model import Problem
from skerry.model.records import Record

MASK = "***"

#: Characters: a shorter value is found in so much other text that masking it would only destroy that.
SHORTEST = 4

#: Fields by which one thing is found from another: masked, they would lead nowhere.
_IDENTIFIERS = frozenset({"id", "name", "pipeline", "definition", "from_", "outputs", "cron_schedule", "timezone"})


class Masker:
    """Replaces secrets in text and in records. ``secrets``: values; those under four characters stay visible."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secrets)
        # Longest first: one secret may begin with another.
        forms = sorted({form for value in self.secrets for form in _forms(value)}, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def also(self, secrets: Iterable[str]) -> Masker:
        """Give one that knows more secrets."""
        return Masker(self.secrets.union(secrets))

    def text(self, text: str) -> str:
        """Mask every secret in ``text``."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def data(self, data: bytes) -> bytes:
        """Mask every secret in bytes that may be text; what is not UTF-8 stays as it is."""
        if self._pattern is None:
            return data
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def problem(self, problem: Problem) -> Problem:
        """Mask what is said of a problem."""
        return replace(problem, message=self.text(problem.message), hint=self.text(problem.hint))

    def said(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Mask what user code says in the data of an event; names are no text, and stay."""
        said = {key: self.text(data[key]) for key in ("message", "text") if key in data}
        return {**data, **said} if said else data

    def value(self, value: Any) -> Any:
        """Mask the text in a record, list, tuple or mapping, however deep; keys and identifiers stay."""
        return value if self._pattern is None else self._masked(value)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._masked(item) for item in value)
        if isinstance(value, Mapping):
            return {key: self._masked(item) for key, item in value.items()}
        if isinstance(value, Record):
            changed = {one.name: self._masked(getattr(value, one.name)) for one in fields(value)}  # type: ignore[arg-type]
            changed = {name: item for name, item in changed.items() if name not in _IDENTIFIERS}
            return replace(value, **changed)  # type: ignore[type-var]
        return value


def _forms(value: str) -> Iterator[str]:
    """Give the forms in which a value is met: whole, line by line, and as Python and JSON write it in quotes."""
    lines = [value, *value.splitlines()]
    for line in lines:
        stripped = line.strip()
        for form in (stripped, repr(stripped)[1:-1], json.dumps(stripped)[1:-1]):
            if len(form) >= SHORTEST:
                yield form
