"""The options that stand under a plugin's key: a mapping, its references, and its JSON Schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from skerry.errors import PluginError
from skerry.plugin.discovery import InstalledTwice
from skerry.plugin.failures import words_of_failure
from skerry.workspace_file.findings import Code, Finding, Place
from skerry.workspace_file.references import Variables
from skerry.workspace_file.resolving import Resolved, TreeResolver
from skerry.workspace_file.schema import Validator
from skerry.workspace_file.tree import Tree, container
from skerry.workspace_file.validation import kind, required_keys, violations

_WRONG_REFERENCES = frozenset({Code.UNSET_VARIABLE, Code.UNSUITABLE_VARIABLE, Code.MALFORMED_REFERENCE})

Plugin = TypeVar("Plugin")


@dataclass
class OptionsDraft:
    """What is read from under a key, and what is wrong there. ``place``: of all of it.

    ``type``: the key; empty when it cannot be told; ``type_place``: its place. ``options``: as they may be stored;
    None when a finding cost them. ``written``: the secrets that ``options`` refers to in place of the file. ``texts``:
    what problems must not show.
    """

    place: Place | None
    type: str = ""
    type_place: Place | None = None
    options: Mapping[str, Any] | None = None
    written: Mapping[str, Any] = field(default_factory=dict)
    texts: Collection[str] = ()
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: Code, place: Place | None, **fields: Any) -> None:
        """Note something wrong."""
        self.findings.append(Finding(code, place, fields))


@dataclass(frozen=True)
class OptionsOwner:
    """Whose options they are. ``what``: a location type, or a run launcher. ``distribution``: what it comes with.

    ``shorthand``: the property that a bare string stands for. ``validator``: gives that of the mapping; what it raises
    is the plugin's fault, whose schema it is.
    """

    what: str
    key: str
    distribution: str
    shorthand: str | None
    validator: Callable[[], Validator]

    def failed(self, asked: str, error: BaseException, draft: OptionsDraft) -> None:
        """Note a defect of the plugin. ``asked``: what of it."""
        fields = {"what": self.what, "key": self.key, "distribution": self.distribution, "asked": asked}
        fields["reason"] = words_of_failure(error)
        draft.add(Code.PLUGIN_FAILED, draft.type_place, **fields)

    def read(self, tree: Tree, draft: OptionsDraft) -> tuple[Resolved, bool] | None:
        """Give the options in ``tree`` with values in place of references, and whether they are as they should be.

        None when there are none. What is wrong is noted in ``draft``.
        """
        try:
            validator = self.validator()
            schema = validator.schema if isinstance(validator.schema, Mapping) else {}
            options = self._mapping(tree, schema, draft)
            if options is None:
                return None
            resolver = TreeResolver(Variables(os.environ))
            resolved = resolver.resolve(options, schema)
        # The schema is the plugin's: it may be no schema at all.
        except Exception as error:
            self.failed("schema", error, draft)
            return None
        draft.findings.extend(resolver.findings)
        draft.written, draft.texts = resolver.written, resolver.texts
        return resolved, self._is_valid(validator, resolved[0], draft)

    def _mapping(self, tree: Tree, schema: Mapping[str, Any], draft: OptionsDraft) -> Tree | None:
        """Give the options as a mapping, the shorthand made long."""
        if isinstance(tree.value, dict):
            return tree
        short = self.shorthand
        if isinstance(tree.value, str) and short is not None:
            return container({short: tree.value}, {short: tree}, tree.place, key_places={short: tree.place})
        fields = {"what": self.what, "key": self.key, "shorthand": short, "required": _required(schema)}
        if tree.value is not None:
            fields.update(found=kind(tree.value), written=tree.written)
            draft.add(Code.OPTIONS_NOT_A_MAPPING, tree.place, **fields)
        elif not any(finding.code is Code.KEY_BESIDE_TYPE for finding in draft.findings):
            # With keys beside the type they only want indenting, which is told already.
            draft.add(Code.OPTIONS_MISSING, tree.place, **fields)
        return None

    def _is_valid(self, validator: Validator, options: Tree, draft: OptionsDraft) -> bool:
        try:
            found = list(violations(validator, options, self.key))
        # The schema is the plugin's: it may be no schema at all.
        except Exception as error:
            self.failed("schema", error, draft)
            return False
        draft.findings.extend(found)
        return not found and not has_wrong_references(draft.findings)


def find_plugin(
    get: Callable[[str], Plugin], warning: InstalledTwice | None, told: set[InstalledTwice], draft: OptionsDraft
) -> Plugin | None:
    """Give what is behind the draft's key, or None, and note why not. ``warning``: about its distribution.

    ``told``: the warnings that were given already.
    """
    if warning is not None and warning not in told:  # once, where it is first used
        told.add(warning)
        draft.add(Code.PLUGIN_INSTALLED_TWICE, draft.type_place, reason=warning.sentence, advice=warning.advice)
    try:
        return get(draft.type)
    except PluginError as error:
        draft.add(Code.PLUGIN_BROKEN, draft.type_place, reason=error.sentence, advice=error.advice)
        return None


def choose_key(tree: Tree, known: tuple[str, ...], draft: OptionsDraft, *, unknown: Code, several: Code) -> bool:
    """Find the one key of a mapping that is ``known``, and take it for the draft's; tells whether there is one.

    ``unknown``, ``several``: what is noted where there is none, or more than one.
    """
    keys: list[str] = list(tree.value)
    found = [key for key in keys if key in known]
    if not found:
        draft.type = keys[0]
        draft.add(unknown, tree.key_places[keys[0]], key=keys[0], known=known)
        return False
    if len(found) > 1:
        draft.add(several, tree.key_places[found[1]], types=tuple(found), second=found[1])
        return False
    draft.type, draft.type_place = found[0], tree.key_places[found[0]]
    for key in keys:
        if key != draft.type:
            short = tree.value[draft.type] is not None
            draft.add(Code.KEY_BESIDE_TYPE, tree.key_places[key], key=key, type=draft.type, short=short)
    return True


def has_wrong_references(findings: Collection[Finding]) -> bool:
    """Tell whether a reference among them could not be resolved."""
    return any(finding.code in _WRONG_REFERENCES for finding in findings)


def _required(schema: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Name what must be written: of each group of keys, one."""
    alternatives = tuple(key for rule in schema.get("oneOf", ()) for key in required_keys(rule))
    alone = tuple((key,) for key in schema.get("required", ()))
    return (*alone, alternatives) if alternatives else alone
