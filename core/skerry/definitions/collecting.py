"""Partial results: while a module is loaded, a definition that fails costs itself and nothing else.

Outside of a load, a decorator raises at once. Within ``collect_failures()`` it records the failure and returns a
broken definition instead, so that the module goes on. The state is one ContextVar: what other threads define while
a load goes on still raises there.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Type

from skerry.definitions import position, signature
from skerry.definitions.base import DefinitionType
from skerry.errors import DefinitionError


class Failure(NamedTuple):
    """One definition that could not be made.

    ``type``: solid, pipeline, schedule, sensor, or definition where it could not be told. ``file`` and ``line``:
    the user's, as near to the cause as is known. ``error``: the exception, with its traceback.
    """

    name: str
    type: str
    file: Optional[str]
    line: Optional[int]
    error: Exception


_collected: "ContextVar[Optional[List[Failure]]]" = ContextVar("skerry_collected_failures", default=None)


@contextmanager
def collect_failures() -> Iterator[List[Failure]]:
    """Collect the failures of definitions within the ``with``; gives the list that they are added to, in order.

    Called by the loader of a user process, around the import of the module and the discovery of its repositories.
    """
    failures: List[Failure] = []
    token = _collected.set(failures)
    try:
        yield failures
    finally:
        _collected.reset(token)


def failure_of(name: str, definition_type: str, at: position.Position, error: Exception) -> Failure:
    """Make a Failure. A DefinitionError knows its place better than ``at``, the place of the definition."""
    if isinstance(error, DefinitionError) and error.file:
        at = position.Position(error.file, error.line)
    return Failure(name, definition_type, at.file, at.line, error)


def attempt(
    definition: Type[DefinitionType], function: Any, name: Optional[str], make: Callable[[], DefinitionType]
) -> DefinitionType:
    """Make a definition; while failures are collected, give a broken one instead of raising an Exception."""
    failures = _collected.get()
    if failures is None:
        return make()
    try:
        return make()
    except Exception as error:
        found = signature.underlying(function)
        at = position.of_function(found) if found else position.of_caller()
        shown = str(name or getattr(function, "__name__", definition.type))
        failures.append(failure_of(shown, definition.type, at, error))
        return definition.broken(shown, at, error, function)
