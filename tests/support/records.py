"""Any record of the model, for property tests: what its fields may hold is read from their types."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from skerry import model
from skerry.model import Record

#: Every character, and the lone surrogates by which Python shows bytes of a file's name that are not UTF-8.
_CHARACTERS = st.characters(exclude_categories=["Cs"])
_ESCAPED_BYTES = st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"])
_NUMBERS = st.integers() | st.sampled_from([9007199254740993, -(2**63), 2**64])

TEXT = st.text(_CHARACTERS, max_size=20)
TEXT_OF_FILE_NAMES = st.text(_CHARACTERS | _ESCAPED_BYTES, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT_OF_FILE_NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT_OF_FILE_NAMES, inner, max_size=3),
    max_leaves=10,
)

#: Every class of records that the model has.
CLASSES: tuple[type[Record], ...] = tuple(
    one
    for one in (getattr(model, name) for name in model.__all__)
    if isinstance(one, type) and issubclass(one, Record) and one is not Record
)


#: Records inside each other. A user process tells a chain of eight causes, and the wire carries ten.
DEEPEST = 8


def records(
    record: type[Record],
    text: SearchStrategy[str] = TEXT_OF_FILE_NAMES,
    numbers: SearchStrategy[int] = _NUMBERS,
    depth: int = 0,
) -> SearchStrategy[Any]:
    """Give records of a class. ``text`` and ``numbers``: what fields of text and of whole numbers hold."""
    hints = typing.get_type_hints(record)
    fields = {
        field.name: _values(hints[field.name], text, numbers, depth)
        for field in dataclasses.fields(record)  # type: ignore[arg-type]
        if field.metadata.get("json", field.name) is not None
    }
    return st.builds(record, **fields)


def _values(hint: Any, text: SearchStrategy[str], numbers: SearchStrategy[int], depth: int) -> SearchStrategy[Any]:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Union:
        (inner,) = (argument for argument in arguments if argument is not type(None))
        if depth >= DEEPEST:
            return st.none()
        return st.none() | st.deferred(lambda: _values(inner, text, numbers, depth))
    if origin is tuple:
        return st.lists(st.deferred(lambda: _values(arguments[0], text, numbers, depth)), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(text, text if arguments[1] is str else JSON, max_size=3)
    simple = {str: text, int: numbers, bool: st.booleans(), float: st.floats(allow_nan=False, allow_infinity=False)}
    if hint in simple:
        return simple[hint]
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return records(hint, text, numbers, depth + 1)
