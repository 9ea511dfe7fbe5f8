"""One entry: which location type it is for, and what that type makes of it."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skerry.errors import LocationError, PluginError
from skerry.plugin import EntryContext, LocationType
from skerry.plugin.discovery import InstalledTwice
from skerry.plugin.failures import words_of_failure
from skerry.plugin.registry import Registry
from skerry.workspace_file.findings import Code, Finding, Place
from skerry.workspace_file.references import MARK, Variables, unescape
from skerry.workspace_file.resolving import Resolved, TreeResolver
from skerry.workspace_file.schema import Schemas
from skerry.workspace_file.tree import Tree, container
from skerry.workspace_file.validation import kind, required_keys, violations

_WRONG_REFERENCES = frozenset({Code.UNSET_VARIABLE, Code.UNSUITABLE_VARIABLE, Code.MALFORMED_REFERENCE})


@dataclass
class Draft:
    """An entry before the names of the others are known.

    ``name``: None while it has none. ``name_place``: what names it. ``options``: normalised; None when a finding cost
    them. ``common``: the options that core added, resolved; ``env``, ``env_file`` and ``watch`` of them as they may be
    stored.
    ``written``: the secrets that ``options`` refers to in place of the file. ``texts``: what problems must not show.
    """

    index: int
    place: Place | None
    type: str = ""
    name: str | None = None
    name_place: Place | None = None
    options: Mapping[str, Any] | None = None
    common: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict)
    texts: Collection[str] = ()
    startup_timeout_place: Place | None = None
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: Code, place: Place | None, **fields: Any) -> None:
        """Note something wrong."""
        self.findings.append(Finding(code, place, fields))


class EntryReader:
    """Makes drafts of the entries of one reading of a workspace."""

    def __init__(self, registry: Registry, schemas: Schemas) -> None:
        self._registry = registry
        self._schemas = schemas
        self._told: set[InstalledTwice] = set()

    def read(self, tree: Tree, index: int, context: EntryContext) -> Draft:
        """Read the entry at ``index``. Whatever is wrong with it is in the draft's findings."""
        draft = Draft(index, tree.place, findings=list(tree.all_findings()))
        sound = not draft.findings
        key = self._type_key(tree, draft)
        if key is None:
            return draft
        draft.type, draft.name_place = key, tree.key_places[key]
        location_type = self._location_type(key, draft)
        if location_type is None:
            if MARK not in str(tree.value):
                self._take_name(tree.children[key], draft)
            return draft
        if location_type.deprecated and draft.name_place:  # in a file: `-m` on a command line is not deprecated
            draft.add(Code.DEPRECATED_TYPE, draft.name_place, key=key, advice=location_type.deprecated)
        options = _options(tree.children[key], location_type, draft)
        if options is not None:
            resolved = self._resolve(options, location_type, draft)
            if resolved is not None:
                valid = self._validate(resolved[0], location_type, draft)
                self._take_common(resolved[0], draft, valid=valid)
                if valid and sound and len(tree.value) == 1:
                    self._ask_type(location_type, resolved, draft, context)
        return draft

    def _type_key(self, tree: Tree, draft: Draft) -> str | None:
        """Choose the key that is the entry's type; None when none is."""
        if not isinstance(tree.value, dict):
            draft.add(Code.ENTRY_NOT_A_MAPPING, tree.place, found=kind(tree.value), written=tree.written)
            return None
        keys: list[str] = list(tree.value)
        types = [key for key in keys if key in self._registry.keys]
        if not keys:
            # A key that could not be used is already told.
            if not tree.findings:
                draft.add(Code.ENTRY_EMPTY, tree.place)
        elif not types:
            draft.type = keys[0]
            draft.add(Code.UNKNOWN_TYPE, tree.key_places[keys[0]], key=keys[0], known=self._registry.keys)
            self._take_name(tree.children[keys[0]], draft)
        elif len(types) > 1:
            draft.add(Code.SEVERAL_TYPES, tree.key_places[types[1]], types=tuple(types), second=types[1])
        else:
            for key in keys:
                if key != types[0]:
                    short = tree.value[types[0]] is not None
                    draft.add(Code.KEY_BESIDE_TYPE, tree.key_places[key], key=key, type=types[0], short=short)
            return types[0]
        return None

    def _location_type(self, key: str, draft: Draft) -> LocationType | None:
        warning = self._registry.warning(key)
        if warning is not None and warning not in self._told:  # once, where it is first used
            self._told.add(warning)
            fields = {"reason": warning.sentence, "advice": warning.advice}
            draft.add(Code.PLUGIN_INSTALLED_TWICE, draft.name_place, **fields)
        try:
            return self._registry.get(key)
        except PluginError as error:
            draft.add(Code.PLUGIN_BROKEN, draft.name_place, reason=error.sentence, advice=error.advice)
            return None

    def _resolve(self, options: Tree, location_type: LocationType, draft: Draft) -> Resolved | None:
        resolver = TreeResolver(Variables(os.environ))
        try:
            resolved = resolver.resolve(options, self._schemas.options_schema(location_type))
        # The schema is the plugin's: it may be no schema at all.
        except Exception as error:
            self._plugin_failed(location_type, "schema", error, draft)
            return None
        draft.findings.extend(resolver.findings)
        draft.written, draft.texts = resolver.written, resolver.texts
        return resolved

    def _validate(self, options: Tree, location_type: LocationType, draft: Draft) -> bool:
        key = location_type.key
        try:
            found = list(violations(self._schemas.options(location_type), options, key))
        # The schema is the plugin's: it may be no schema at all.
        except Exception as error:
            self._plugin_failed(location_type, "schema", error, draft)
            return False
        draft.findings.extend(found)
        return not found and not any(finding.code in _WRONG_REFERENCES for finding in draft.findings)

    def _ask_type(self, location_type: LocationType, resolved: Resolved, draft: Draft, context: EntryContext) -> None:
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
                self._plugin_failed(location_type, asked, error, draft)
            else:
                draft.add(Code.ENTRY_REFUSED, draft.name_place, reason=reason)
        # A plugin is somebody else's code: sys.exit() in it must not end ours.
        except (Exception, SystemExit) as error:
            self._plugin_failed(location_type, asked, error, draft)

    def _plugin_failed(self, location_type: LocationType, asked: str, error: BaseException, draft: Draft) -> None:
        distribution = self._registry.distribution(location_type.key)
        fields = {"key": location_type.key, "distribution": distribution, "asked": asked}
        fields["reason"] = words_of_failure(error)
        draft.add(Code.PLUGIN_FAILED, draft.name_place, **fields)

    def _take_common(self, options: Tree, draft: Draft, *, valid: bool) -> None:
        """Note the options that core added; a name that is well written stands even if the rest is wrong."""
        draft.common = {key: options.value[key] for key in self._schemas.common_options if key in options.value}
        if "startup_timeout" in draft.common:
            draft.startup_timeout_place = options.children["startup_timeout"].place
        self._take_name(options, draft, valid=valid)

    def _take_name(self, options: Tree, draft: Draft, *, valid: bool = False) -> None:
        written = options.children.get("location_name")
        if written is None or any(finding.code in _WRONG_REFERENCES for finding in written.findings):
            return
        if valid or self._schemas.location_name.is_valid(written.value):
            draft.name, draft.name_place = written.value, written.place


def _options(tree: Tree, location_type: LocationType, draft: Draft) -> Tree | None:
    """Give the options under a type's key as a mapping, the shorthand made long."""
    shorthand = location_type.shorthand
    if isinstance(tree.value, dict):
        return tree
    if isinstance(tree.value, str) and shorthand is not None:
        return container({shorthand: tree.value}, {shorthand: tree}, tree.place, key_places={shorthand: tree.place})
    fields = {"key": location_type.key, "shorthand": shorthand, "required": _required(location_type)}
    if tree.value is not None:
        fields.update(found=kind(tree.value), written=tree.written)
        draft.add(Code.OPTIONS_NOT_A_MAPPING, tree.place, **fields)
    elif not any(finding.code is Code.KEY_BESIDE_TYPE for finding in draft.findings):
        # With keys beside the type they only want indenting, which is told already.
        draft.add(Code.OPTIONS_MISSING, tree.place, **fields)
    return None


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


def _required(location_type: LocationType) -> tuple[tuple[str, ...], ...]:
    """Name what must be written: of each group of keys, one."""
    schema = location_type.schema
    alternatives = tuple(key for rule in schema.get("oneOf", ()) for key in required_keys(rule))
    alone = tuple((key,) for key in schema.get("required", ()))
    return (*alone, alternatives) if alternatives else alone


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
