"""Values that know where they were written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skerry.workspace_file.findings import Code, Finding, Place, file_error

#: How deep values may be nested: far above any real file, far below what recursion can take.
DEEPEST = 100

#: What leaves a value that is not the one meant.
_STAND_INS = frozenset(
    {
        Code.NOT_JSON,
        Code.UNREADABLE_VALUE,
        Code.UNKNOWN_TAG,
        Code.KEY_NOT_A_SCALAR,
        Code.UNSET_VARIABLE,
        Code.UNSUITABLE_VARIABLE,
        Code.MALFORMED_REFERENCE,
    }
)


@dataclass
class Tree:
    """A value and all that is known of how it was written.

    ``value``: JSON. ``place``: None when it does not come from a file. ``written``: a scalar's text. ``children``: by
    key or index, as in ``value``; those that aliases lead to are shared, never copied. ``key_places``: of a mapping.
    ``size``: characters when every alias is followed. ``findings``: what is wrong with this value itself, which then
    holds the best that could be made of it. ``hidden``: something in the value is not to be shown; ``written`` is.
    """

    value: Any
    place: Place | None = None
    written: str = ""
    children: Mapping[Any, Tree] = field(default_factory=dict)
    key_places: Mapping[str, Place | None] = field(default_factory=dict)
    size: int = 1
    depth: int = 1
    findings: Sequence[Finding] = ()
    hidden: bool = False

    @property
    def unread(self) -> bool:
        """Whether ``value`` only stands in for what could not be read."""
        return any(finding.code in _STAND_INS for finding in self.findings)

    def at(self, path: Sequence[Any]) -> Tree:
        """Follow keys and indexes; as far as they lead."""
        found = self
        for part in path:
            if part not in found.children:
                break
            found = found.children[part]
        return found

    def all_findings(self) -> Iterator[Finding]:
        """Give the findings here and below, each once."""
        waiting, seen = [self], set()
        while waiting:
            tree = waiting.pop()
            # What makes two trees the same is their children: an alias has a place of its own.
            if tree.children and id(tree.children) in seen:
                continue
            seen.add(id(tree.children))
            for finding in tree.findings:
                if id(finding) not in seen:
                    seen.add(id(finding))
                    yield finding
            waiting.extend(tree.children.values())


def container(value: Any, children: Mapping[Any, Tree], place: Place | None, **rest: Any) -> Tree:
    """Make the tree of a list or mapping from its parts. Raises FileError when it is nested too deep."""
    depth = 1 + max((child.depth for child in children.values()), default=0)
    if depth > DEEPEST:
        raise file_error(Code.TOO_DEEP, place, deepest=DEEPEST)
    size = 1 + sum(child.size for child in children.values())
    if isinstance(value, dict):
        size += sum(len(key) + 1 for key in value)
    return Tree(value, place, children=children, size=size, depth=depth, **rest)


def tree_of(value: Any, depth: int = 1) -> Tree:
    """Make the tree of a value that comes from Python code. Raises FileError when it is nested too deep."""
    if depth > DEEPEST:
        raise file_error(Code.TOO_DEEP, deepest=DEEPEST)
    if isinstance(value, Mapping):
        findings = [Finding(Code.KEY_NOT_A_STRING, None, {"key": repr(key)}) for key in value if type(key) is not str]
        by_key = {str(key): tree_of(item, depth + 1) for key, item in value.items()}
        return container(
            {key: child.value for key, child in by_key.items()},
            by_key,
            None,
            key_places=dict.fromkeys(by_key),
            findings=findings,
        )
    if isinstance(value, (list, tuple)):
        items = [tree_of(item, depth + 1) for item in value]
        return container([item.value for item in items], dict(enumerate(items)), None)
    if isinstance(value, bool):
        return Tree(value, written=str(value).lower())
    if value is None or isinstance(value, (str, int)):
        return Tree(value, written=str(value), size=len(str(value)) + 1)
    if isinstance(value, float) and math.isfinite(value):
        return Tree(value, written=repr(value))
    finding = Finding(Code.NOT_JSON, None, {"written": repr(value), "reading": f"a {type(value).__name__}"})
    return Tree(repr(value), findings=(finding,))
