"""References in the text of a value: ``${NAME}``, ``${NAME:-default}``, and ``$${`` for a literal ``${``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: What every reference, escape and mistake in one begins with.
MARK = "${"

#: Begins the name of what is written in the file itself and must not be stored; no variable is called so.
WRITTEN = "*"

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SYNTAX = re.compile(
    r"(?P<escape>\$\$\{)"
    rf"|\$\{{(?P<name>{_NAME}|\*[^}}]*)(?P<has_default>:-(?P<default>(?:(?!\$\{{)[^}}])*))?\}}"
    r"|(?P<wrong>\$\{)"
)
_VARIABLE = re.compile(_NAME)


@dataclass(frozen=True)
class Reference:
    """One reference. ``default``: used where the variable is unset or empty; None when there is none."""

    name: str
    default: str | None = None


#: What a text is made of: literal text and references, in order.
Parts: TypeAlias = tuple[str | Reference, ...]


class MalformedReferenceError(Exception):
    """A ``${`` begins no reference. Stays within this room."""


class UnsetVariableError(Exception):
    """A reference names a variable that is not set, and has no default. Stays within this room."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def is_variable(name: object) -> bool:
    """Tell whether a reference may name it."""
    return isinstance(name, str) and _VARIABLE.fullmatch(name) is not None


def parse(text: str) -> Parts:
    """Take a text apart. Raises MalformedReferenceError."""
    parts: list[str | Reference] = []
    end = 0
    for match in _SYNTAX.finditer(text):
        if match["wrong"]:
            raise MalformedReferenceError
        parts.append(text[end : match.start()])
        parts.append(MARK if match["escape"] else Reference(match["name"], match["default"]))
        end = match.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part != "")


def escape(text: str) -> str:
    """Give the text that ``parse`` takes for this literal one."""
    return text.replace(MARK, "$" + MARK)


def unescape(text: str) -> str:
    """Undo ``escape``, and leave references as they are."""
    return text.replace("$" + MARK, MARK)


def names(parts: Parts) -> tuple[str, ...]:
    """Name the variables that the references need, in order."""
    return tuple(part.name for part in parts if isinstance(part, Reference))


class Variables:
    """Looks up what references name, and keeps what must not be seen: the one place where references are resolved.

    ``environment``: by name; ``written``: secrets written in the file, by names that begin with ``*``. ``secrets``:
    the values that were looked up so far. A default is written in the file for all to see, and is none.
    """

    def __init__(self, environment: Mapping[str, str], written: Mapping[str, Any] | None = None) -> None:
        self._environment = environment
        self._written = written or {}
        self.secrets: set[str] = set()

    def resolve(self, parts: Parts) -> Any:
        """Put values in place of references; text, but for one that stands alone for a number or boolean of the file.

        Raises UnsetVariableError.
        """
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return self._look_up(parts[0])
        return "".join(part if isinstance(part, str) else str(self._look_up(part)) for part in parts)

    def keep(self, values: Iterable[Any]) -> None:
        """Note values that must not be seen."""
        self.secrets.update(str(value) for value in values)

    def _look_up(self, reference: Reference) -> Any:
        by_name = self._written if reference.name.startswith(WRITTEN) else self._environment
        found = by_name.get(reference.name)
        if found is None or (found == "" and reference.default is not None):
            if reference.default is None:
                raise UnsetVariableError(reference.name)
            return reference.default
        if reference.name.startswith(WRITTEN) and isinstance(found, str) and MARK in found:
            found = self.resolve(parse(found))
        self.keep([found])
        return found
