"""One entry: which location type it is for, and what that type makes of it."""

from __future__ import annotations

import functools
import glob
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skerry.errors import LocationError
from skerry.plugin import EntryContext, LocationType
from skerry.plugin.discovery import InstalledTwice
from skerry.plugin.registry import Registry
from skerry.workspace_file.findings import Code, Place
from skerry.workspace_file.options import OptionsDraft, OptionsOwner, choose_key, find_plugin, has_wrong_references
from skerry.workspace_file.references import MARK, unescape
from skerry.workspace_file.resolving import Resolved
from skerry.workspace_file.schema import Schemas
from skerry.workspace_file.tree import Tree
from skerry.workspace_file.validation import kind


@dataclass
class Draft(OptionsDraft):
    """An entry before the names of the others are known.

    ``name``: None while it has none. ``name_place``: what names it. ``options``: normalised. ``common``: the options
    that core added, resolved; ``env``, ``env_file`` and ``watch`` of them as they may be stored.
    """

    index: int = field(kw_only=True)
    name: str | None = None
    name_place: Place | None = None
    common: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    startup_timeout_place: Place | None = None


class EntryReader:
    """Makes drafts of the entries of one reading of a workspace."""

    def __init__(self, registry: Registry, schemas: Schemas, told: set[InstalledTwice]) -> None:
        """``told``: the warnings that were given already."""
        self._registry = registry
        self._schemas = schemas
        self._told = told

    def read(self, tree: Tree, index: int, context: EntryContext) -> Draft:
        """Read the entry at ``index``. Whatever is wrong with it is in the draft's findings."""
        draft = Draft(tree.place, index=index, findings=list(tree.all_findings()))
        sound = not draft.findings
        if not self._choose_type(tree, draft):
            return draft
        key = draft.type
        draft.name_place = draft.type_place
        location_type = find_plugin(self._registry.get, self._registry.warning(key), self._told, draft)
        if location_type is None:
            if MARK not in str(tree.value):
                self._take_name(tree.children[key], draft)
            return draft
        if location_type.deprecated and draft.name_place:  # in a file: `-m` on a command line is not deprecated
            draft.add(Code.DEPRECATED_TYPE, draft.name_place, key=key, advice=location_type.deprecated)
        owner = self._owner(location_type)
        read = owner.read(tree.children[key], draft)
        if read is not None:
            resolved, valid = read
            self._take_common(resolved[0], draft, valid=valid)
            if valid and sound and len(tree.value) == 1:
                self._ask_type(location_type, owner, resolved, draft, context)
        return draft

    def _choose_type(self, tree: Tree, draft: Draft) -> bool:
        """Find the key that is the entry's type; tells whether there is one."""
        if not isinstance(tree.value, dict):
            draft.add(Code.ENTRY_NOT_A_MAPPING, tree.place, found=kind(tree.value), written=tree.written)
            return False
        if not tree.value:
            # A key that could not be used is already told.
            if not tree.findings:
                draft.add(Code.ENTRY_EMPTY, tree.place)
            return False
        chosen = choose_key(tree, self._registry.keys, draft, unknown=Code.UNKNOWN_TYPE, several=Code.SEVERAL_TYPES)
        if not chosen and draft.type:
            self._take_name(tree.children[draft.type], draft)
        return chosen

    def _owner(self, location_type: LocationType) -> OptionsOwner:
        key = location_type.key
        validator = functools.partial(self._schemas.options, location_type)
        return OptionsOwner("location type", key, self._registry.distribution(key), location_type.shorthand, validator)

    def _ask_type(
        self,
        location_type: LocationType,
        owner: OptionsOwner,
        resolved: Resolved,
        draft: Draft,
        context: EntryContext,
    ) -> None:
        """Have the type name and normalise an entry that passed its schema; secrets it sees as references."""
        asked = "default_name"
        options, stored = resolved
        own = {key: value for key, value in stored.items() if key not in draft.common}
        try:
            if draft.name is None:
                draft.name = unescape(_checked_name(location_type.default_name(own)))
            draft.env = _env(options, stored)
            draft.env_file = tuple(str(context.path(path)) for path in _listed(options, "env_file"))
            # The folder is no part of the pattern, whatever it is called.
            beside = EntryContext(Path(glob.escape(str(context.folder))))
            draft.watch = tuple(str(beside.path(pattern)) for pattern in _listed(options, "watch"))
            asked = "normalize"
            normal = _checked_options(location_type.normalize(own, context))
            _check_references(options, stored, normal)
            draft.options = normal
        except LocationError as error:
            try:
                reason = str(error)
            except (KeyError, IndexError, ValueError):
                # Raised with fields that the words of its kind do not have.
                owner.failed(asked, error, draft)
            else:
                draft.add(Code.ENTRY_REFUSED, draft.name_place, reason=reason)
        # A plugin is somebody else's code: sys.exit() in it must not end ours.
        except (Exception, SystemExit) as error:
            owner.failed(asked, error, draft)

    def _take_common(self, options: Tree, draft: Draft, *, valid: bool) -> None:
        """Note the options that core added; a name that is well written stands even if the rest is wrong."""
        draft.common = {key: options.value[key] for key in self._schemas.common_options if key in options.value}
        if "startup_timeout" in draft.common:
            draft.startup_timeout_place = options.children["startup_timeout"].place
        self._take_name(options, draft, valid=valid)

    def _take_name(self, options: Tree, draft: Draft, *, valid: bool = False) -> None:
        written = options.children.get("location_name")
        if written is None or has_wrong_references(written.findings):
            return
        if valid or self._schemas.location_name.is_valid(written.value):
            draft.name, draft.name_place = written.value, written.place


def _env(options: Tree, stored: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables as text: a value that is no string as it is written, since 3.10 is not 3.1."""
    if "env" not in options.children:
        return {}
    trees, values = options.children["env"].children, stored["env"]
    return {name: value if isinstance(value, str) else trees[name].written for name, value in values.items()}


def _listed(options: Tree, key: str) -> list[str]:
    """Give an option that is one text or a list of them as a list."""
    texts = options.value.get(key, [])
    return [texts] if isinstance(texts, str) else texts


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise TypeError(f"a name is a string that is not empty, and not {name!r}")
    return name


def _check_references(options: Tree, stored: Mapping[str, Any], normal: Mapping[str, Any]) -> None:
    """Refuse a path that was made of a secret's reference: what it stands for is a whole path. Raises ValueError."""
    for key, text in stored.items():
        if isinstance(text, str) and text.startswith(MARK) and normal.get(key, text) != text:
            value = options.value[key]
            if isinstance(value, str) and value.startswith(("/", "~")):
                raise ValueError(f'it makes a path of the reference in `{key}`, whose schema wants "writeOnly": False')


def _checked_options(options: Any) -> dict[str, Any]:
    """Make a copy that is plain JSON, and nobody else's. Raises TypeError or ValueError."""
    if not isinstance(options, Mapping):
        raise TypeError(f"options are a mapping, and not {type(options).__name__}")
    copied: dict[str, Any] = json.loads(json.dumps(dict(options), allow_nan=False))
    return copied
