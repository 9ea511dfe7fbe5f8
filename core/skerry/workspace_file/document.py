"""YAML text as a tree of values and places.

Built from the parser's events in one pass, without recursion: PyYAML's own composer exhausts the C stack on a few
hundred kilobytes of brackets, forgets where an alias stands, and lets the last of two duplicate keys win in silence.
Every node is built once, however many aliases lead to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import yaml

from skerry.workspace_file import scalars
from skerry.workspace_file.findings import Code, FileError, Finding, Place, file_error
from skerry.workspace_file.syntax import finding_of, nesting_limit, place_of
from skerry.workspace_file.tree import DEEPEST, Tree, container

#: PyYAML has no C parser for every Python.
LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: How much `<<` may bring into a file altogether; without a limit it grows with the square of the file's length.
MOST_MERGED = 100_000

#: A node and its tag.
Node: TypeAlias = tuple[Tree, str]

_SEQUENCE = scalars.PREFIX + "seq"
_MAPPING = scalars.PREFIX + "map"


def read_document(text: str) -> Tree | None:
    """Give the one document in ``text``, None when there is none. Raises FileError."""
    builder = _Builder()
    try:
        return builder.build(yaml.parse(text, Loader=LOADER))
    except yaml.YAMLError as error:
        limit = nesting_limit(error)
        if limit is not None:
            # The parser's own limit is far beyond ours, and met before the events that lead there: it reads ahead.
            return read_document(text[:limit])
        raise FileError([finding_of(error, text, builder.open_bracket())]) from None


@dataclass
class _Open:
    """A list or mapping whose end has not come yet."""

    tag: str
    place: Place
    anchor: str | None
    in_brackets: bool
    nodes: list[Node] = field(default_factory=list)


class _Builder:
    def __init__(self) -> None:
        self._root: Tree | None = None
        self._open: list[_Open] = []
        # None: the anchor of a node that is still open.
        self._anchors: dict[str, Node | None] = {}
        self._anchor_places: dict[str, Place] = {}
        self._merged = 0

    def build(self, events: Iterator[Any]) -> Tree | None:
        documents = 0
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.MappingStartEvent:
                self._begin(event, _MAPPING)
            elif kind is yaml.SequenceStartEvent:
                self._begin(event, _SEQUENCE)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end(kind is yaml.MappingEndEvent)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents == 2:
                    raise file_error(Code.SEVERAL_DOCUMENTS, place_of(event.start_mark))
        return self._root

    def open_bracket(self) -> Place | None:
        """Give the place of the innermost bracket that is open."""
        return next((one.place for one in reversed(self._open) if one.in_brackets), None)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = place_of(event.start_mark)
        self._declare(event.anchor, place)
        tag = scalars.tag_of(event)
        value, finding = scalars.construct(tag, event.value, place)
        tree = Tree(value, place, event.value, size=len(event.value) + 1, findings=(finding,) if finding else ())
        self._add((tree, tag), event.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = place_of(event.start_mark)
        if event.anchor not in self._anchors:
            raise file_error(Code.YAML_UNDEFINED_ALIAS, place, name=event.anchor, known=tuple(self._anchors))
        found = self._anchors[event.anchor]
        if found is None:
            line = self._anchor_places[event.anchor][0]
            raise file_error(Code.RECURSIVE_ANCHOR, place, name=event.anchor, line=line)
        tree, tag = found
        self._add((replace(tree, place=place), tag), None)

    def _begin(self, event: yaml.CollectionStartEvent, plain: str) -> None:
        place = place_of(event.start_mark)
        self._declare(event.anchor, place)
        if len(self._open) == DEEPEST:
            raise file_error(Code.TOO_DEEP, place, deepest=DEEPEST)
        tag = plain if event.tag in (None, "!") else event.tag
        self._open.append(_Open(tag, place, event.anchor, bool(event.flow_style)))

    def _end(self, is_mapping: bool) -> None:
        done = self._open.pop()
        tree = self._mapping(done) if is_mapping else _sequence(done)
        if done.tag != (_MAPPING if is_mapping else _SEQUENCE):
            unknown = Finding(Code.UNKNOWN_TAG, done.place, {"tag": scalars.short(done.tag)})
            tree.findings = (*tree.findings, unknown)
        self._add((tree, done.tag), done.anchor)

    def _declare(self, anchor: str | None, place: Place) -> None:
        if anchor is None:
            return
        if anchor in self._anchors:
            raise file_error(Code.YAML_DUPLICATE_ANCHOR, place, name=anchor, line=self._anchor_places[anchor][0])
        self._anchors[anchor] = None
        self._anchor_places[anchor] = place

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self._root = node[0]

    def _mapping(self, done: _Open) -> Tree:
        own: dict[str, Tree] = {}
        key_places: dict[str, Place | None] = {}
        merged: list[Tree] = []
        findings: list[Finding] = []
        for (key_tree, tag), (tree, _) in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            place = key_tree.place
            if tag == scalars.MERGE:
                merged.append(tree)
            elif isinstance(key_tree.value, (dict, list)):
                findings.append(Finding(Code.KEY_NOT_A_SCALAR, place))
            elif key_tree.written in own:
                findings.append(_duplicate(key_tree.written, place, key_places[key_tree.written]))
            else:
                own[key_tree.written], key_places[key_tree.written] = tree, place
                if tag not in scalars.TEXT:
                    fields = {"key": key_tree.written, "reading": scalars.reading(tag)}
                    findings.append(Finding(Code.KEY_NOT_A_STRING, place, fields))
        if merged:
            self._merge(merged, own, key_places, findings)
        value = {key: child.value for key, child in own.items()}
        return container(value, own, done.place, key_places=key_places, findings=findings)

    def _merge(
        self,
        merged: list[Tree],
        own: dict[str, Tree],
        key_places: dict[str, Place | None],
        findings: list[Finding],
    ) -> None:
        """Bring in what `<<` names: a mapping or a list of them, the first of which wins; own keys win over all."""
        for named in merged:
            sources = named.children.values() if isinstance(named.value, list) else [named]
            for source in sources:
                self._merged += 1 + len(source.children) + len(source.findings)
                if not isinstance(source.value, dict):
                    findings.append(Finding(Code.MERGE_NOT_A_MAPPING, source.place))
                elif self._merged > MOST_MERGED:
                    findings.append(Finding(Code.ALIASES_TOO_LARGE, source.place))
                    return
                else:
                    findings.extend(source.findings)
                    for key, child in source.children.items():
                        if key not in own:
                            own[key], key_places[key] = child, source.key_places[key]


def _sequence(done: _Open) -> Tree:
    items = [tree for tree, _ in done.nodes]
    return container([item.value for item in items], dict(enumerate(items)), done.place)


def _duplicate(key: str, place: Place | None, first: Place | None) -> Finding:
    return Finding(Code.DUPLICATE_KEY, place, {"key": key, "first": first[0] if first else None})
