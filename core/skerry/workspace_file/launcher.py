"""The key ``run_launcher``: which run launcher, and its options."""

from __future__ import annotations

import functools

from skerry.plugin.discovery import InstalledTwice
from skerry.plugin.registry import Registry
from skerry.workspace_file.description import ChosenLauncher
from skerry.workspace_file.envelope import LAUNCHER
from skerry.workspace_file.findings import Code
from skerry.workspace_file.options import OptionsDraft, OptionsOwner, choose_key, find_plugin
from skerry.workspace_file.schema import Schemas
from skerry.workspace_file.tree import Tree, container, tree_of
from skerry.workspace_file.validation import violations
from skerry.workspace_file.wording import problem_of


def read_launcher(tree: Tree, registry: Registry, schemas: Schemas, told: set[InstalledTwice]) -> OptionsDraft:
    """Read what stands under the key. Whatever is wrong with it is in the draft's findings.

    ``told``: the warnings that were given already.
    """
    draft = OptionsDraft(tree.place, findings=list(tree.all_findings()))
    sound = not draft.findings
    if tree.unread:
        return draft
    wrong = list(violations(schemas.run_launcher, tree, LAUNCHER))
    if wrong:
        draft.findings.extend(wrong)
        return draft
    long = _long(tree) if isinstance(tree.value, str) else tree
    unknown, several = Code.UNKNOWN_RUN_LAUNCHER, Code.SEVERAL_RUN_LAUNCHERS
    if not choose_key(long, registry.launcher_keys, draft, unknown=unknown, several=several):
        return draft
    key = draft.type
    launcher = find_plugin(registry.launcher, registry.launcher_warning(key), told, draft)
    if launcher is None:
        return draft
    validator = functools.partial(schemas.launcher_options, launcher)
    owner = OptionsOwner("run launcher", key, registry.launcher_distribution(key), None, validator)
    read = owner.read(long.children[key], draft)
    if read is not None and read[1] and sound and len(long.value) == 1:
        draft.options = read[0][1]
    return draft


def without_options(key: str, registry: Registry) -> ChosenLauncher:
    """Give what a file would choose that has nothing but this key under ``run_launcher``.

    Called by the workspace for a run launcher that no file names.
    """
    draft = read_launcher(tree_of(key), registry, Schemas(), set())
    problems = tuple(problem_of(finding, "", None) for finding in draft.findings)
    return ChosenLauncher(key, draft.options, problems)


def _long(tree: Tree) -> Tree:
    """Make of a key alone that key with no options."""
    key, place = tree.value, tree.place
    return container({key: {}}, {key: container({}, {}, place)}, place, key_places={key: place})
