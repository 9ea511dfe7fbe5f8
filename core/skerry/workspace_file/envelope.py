"""The file around its entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from skerry.workspace_file.findings import Code, FileError, Finding, file_error
from skerry.workspace_file.schema import Schemas
from skerry.workspace_file.tree import Tree, container
from skerry.workspace_file.validation import violations

LIST = "load_from"
LAUNCHER = "run_launcher"

#: What breaking the envelope's schema means, by kind and by what breaks it; the rest keeps its general words.
_MEANINGS: Mapping[tuple[Code, str], Code] = {
    (Code.WRONG_TYPE, ""): Code.NOT_A_MAPPING,
    (Code.MISSING_KEY, ""): Code.NO_LOAD_FROM,
    (Code.UNKNOWN_KEY, ""): Code.UNKNOWN_TOP_LEVEL_KEY,
    (Code.WRONG_TYPE, LIST): Code.LOAD_FROM_NOT_A_LIST,
}

_FATAL = frozenset({Code.LOAD_FROM_NOT_A_LIST, Code.DUPLICATE_LOAD_FROM})


@dataclass(frozen=True)
class Envelope:
    """What a file holds. ``entries``: the list; ``run_launcher``: what stands under that key, None without it.

    ``findings``: what is wrong around these two.
    """

    entries: Tree
    run_launcher: Tree | None
    findings: list[Finding]


def open_envelope(root: Tree | None, schemas: Schemas) -> Envelope:
    """Take a file apart. Raises FileError when it has no list of entries."""
    if root is None or root.value is None:
        raise file_error(Code.EMPTY_FILE)
    own = list(_own_findings(root))
    twice = [one for one in own if one.code is Code.DUPLICATE_KEY and one.fields["key"] == LAUNCHER]
    findings = [*(one for one in own if one not in twice), *_broken_rules(root, schemas)]
    if LIST not in root.children or any(finding.code in _FATAL for finding in findings):
        raise FileError(findings)
    entries = root.children[LIST]
    findings.extend(entries.findings)
    if not entries.value:
        findings.append(Finding(Code.EMPTY_LOAD_FROM, entries.place))
    launcher = root.children.get(LAUNCHER)
    if launcher is not None:
        launcher = replace(launcher, findings=(*launcher.findings, *twice))
    return Envelope(entries, launcher, findings)


def _own_findings(root: Tree) -> Iterator[Finding]:
    for finding in root.findings:
        twice = finding.code is Code.DUPLICATE_KEY and finding.fields["key"] == LIST
        yield replace(finding, code=Code.DUPLICATE_LOAD_FROM) if twice else finding


def _broken_rules(root: Tree, schemas: Schemas) -> Iterator[Finding]:
    for finding in violations(schemas.envelope, _outline(root), ""):
        meaning = _MEANINGS.get((finding.code, finding.fields["name"]), finding.code)
        yield replace(finding, code=meaning)


def _outline(root: Tree) -> Tree:
    """Leave out what the envelope does not look into: a validator would follow, and print, every alias in it.

    What the run launcher is, is looked at with its options.
    """
    if not isinstance(root.value, dict):
        return _emptied(root)
    children = {key: _emptied(child) for key, child in root.children.items() if key != LAUNCHER}
    value = {key: child.value for key, child in children.items()}
    return container(value, children, root.place, key_places=root.key_places)


def _emptied(tree: Tree) -> Tree:
    value = type(tree.value)() if isinstance(tree.value, (dict, list)) else tree.value
    return Tree(value, tree.place, tree.written)
