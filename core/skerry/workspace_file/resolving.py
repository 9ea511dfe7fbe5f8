"""The options of an entry with their references resolved, and what of them may be stored.

Which values are secret, the schema of their property says with ``writeOnly``: true, all; false, none; without it,
those that come from a reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from skerry.workspace_file.findings import Code, Finding
from skerry.workspace_file.references import (
    MARK,
    WRITTEN,
    MalformedReferenceError,
    Parts,
    Reference,
    UnsetVariableError,
    Variables,
    escape,
    is_variable,
    names,
    parse,
)
from skerry.workspace_file.tree import Tree
from skerry.workspace_file.validation import dotted
from skerry.workspace_file.wanted import below, convert, types

#: A tree with values in place of references, and its JSON as it may be stored: secrets as references.
Resolved: TypeAlias = tuple[Tree, Any]

Path: TypeAlias = tuple[str | int, ...]


@dataclass
class TreeResolver:
    """Resolves one entry. ``written``: secrets that stand in the file itself, by the name of their reference.

    ``findings``: what is wrong with the references; the trees that bear them are marked, too. ``texts``: how the
    secrets are written in the file.
    """

    variables: Variables
    written: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    _done: dict[tuple[int, int, bool | None], Resolved] = field(default_factory=dict)

    def resolve(
        self, tree: Tree, schema: Mapping[str, Any], write_only: bool | None = None, path: Path = ()
    ) -> Resolved:
        """Resolve ``tree``, which stands at ``path`` among the options, where ``schema`` holds."""
        write_only = schema.get("writeOnly", write_only)
        if not tree.children:
            return self._scalar(tree, schema, write_only, path)
        if isinstance(tree.value, dict) and tree.value.keys() == {"env"} and "object" not in types(schema):
            return self._env(tree, schema, write_only, path)
        # Aliases lead to one tree from many places.
        key = id(tree.children), id(schema), write_only
        if key not in self._done:
            self._done[key] = self._container(tree, schema, write_only, path)
        resolved, stored = self._done[key]
        return (resolved if resolved.place == tree.place else replace(resolved, place=tree.place)), stored

    def _container(self, tree: Tree, schema: Mapping[str, Any], write_only: bool | None, path: Path) -> Resolved:
        found = {
            part: self.resolve(child, below(schema, part), write_only, (*path, part))
            for part, child in tree.children.items()
        }
        if all(found[part][0] is child for part, child in tree.children.items()):
            return tree, tree.value
        children = {part: one for part, (one, _) in found.items()}
        values: Any = {part: one.value for part, one in children.items()}
        stored: Any = {part: one for part, (_, one) in found.items()}
        if isinstance(tree.value, list):
            values, stored = list(values.values()), list(stored.values())
        hidden = any(child.hidden for child in children.values())
        return replace(tree, value=values, children=children, hidden=hidden), stored

    def _scalar(self, tree: Tree, schema: Mapping[str, Any], write_only: bool | None, path: Path) -> Resolved:
        if not isinstance(tree.value, str) or MARK not in tree.value:
            return self._hide(tree) if write_only and tree.value is not None else (tree, tree.value)
        try:
            parts = parse(tree.value)
            if not all(is_variable(name) for name in names(parts)):
                raise MalformedReferenceError
        except MalformedReferenceError:
            return self._wrong(tree, Code.MALFORMED_REFERENCE, written="***" if write_only else tree.written)
        if write_only and any(isinstance(part, str) for part in parts):
            hidden, stored = self._hide(tree)
            return self._resolve(hidden, parts, schema, write_only, path)[0], stored
        return self._resolve(tree, parts, schema, write_only, path)

    def _env(self, tree: Tree, schema: Mapping[str, Any], write_only: bool | None, path: Path) -> Resolved:
        name = tree.value["env"]
        if not is_variable(name):
            return self._wrong(
                tree, Code.MALFORMED_REFERENCE, written=f"{{env: {tree.children['env'].written or '...'}}}"
            )
        text = f"${{{name}}}"
        scalar = replace(tree, value=text, written=text, children={}, key_places={})
        return self._resolve(scalar, (Reference(name),), schema, write_only, path)

    def _resolve(
        self, tree: Tree, parts: Parts, schema: Mapping[str, Any], write_only: bool | None, path: Path
    ) -> Resolved:
        try:
            value = self.variables.resolve(parts)
            if len(parts) == 1 and isinstance(parts[0], Reference):
                value = convert(value, types(schema))
        except UnsetVariableError as error:
            return self._wrong(tree, Code.UNSET_VARIABLE, name=error.name)
        except ValueError:
            fields = {"name": dotted(path), "variable": names(parts)[0], "expected": tuple(sorted(types(schema)))}
            return self._wrong(tree, Code.UNSUITABLE_VARIABLE, **fields)
        resolved = replace(tree, value=value, hidden=bool(names(parts)))
        if write_only is False:
            return resolved, escape(value) if isinstance(value, str) else value
        return resolved, tree.value

    def _hide(self, tree: Tree) -> Resolved:
        """Take a secret that is written in the file itself out of what may be stored."""
        name = f"{WRITTEN}{len(self.written) + 1}"
        self.written[name] = tree.value
        self.texts.update((tree.written, str(tree.value)))
        return replace(tree, written="***", hidden=True), f"${{{name}}}"

    def _wrong(self, tree: Tree, code: Code, **fields: Any) -> Resolved:
        finding = Finding(code, tree.place, fields)
        self.findings.append(finding)
        return replace(tree, findings=(*tree.findings, finding)), tree.value
