"""What a location type makes of options: the short form, ``normalize``, ``default_name``, ``watch_paths``."""

from __future__ import annotations

import contextlib
import copy
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from skerry.errors import LocationError
from skerry.model import Origin, Severity
from skerry.plugin import EntryContext, LocationType
from skerry.plugin.registry import Registry
from skerry.testing.clauses import Clause, ContractError, words_of
from skerry.workspace_file import read_entries
from skerry.workspace_file.schema import Validator

#: What stands in the place of a secret while ``normalize`` is asked.
_REFERENCE = "${NAME}"


def check_options(location_type: LocationType, options: Mapping[str, Any], folder: Path, registry: Registry) -> Origin:
    """Check everything that happens before ``open``; gives the origin of ``options``. Raises ContractError."""
    own = dict(options)
    normal = _check_normalize(location_type, own, folder)
    _check_default_name(location_type, own)
    origin, wrong = _read({location_type.key: own}, folder, registry)
    if origin is None:
        raise ContractError(Clause.OPTIONS, location_type.key, reason=wrong)
    _check_short_form(location_type, own, folder, registry)
    origin = replace(origin, options=normal)
    _check_watch_paths(location_type, origin)
    return origin


def check_given(location_type: LocationType, options: Mapping[str, Any], validator: Validator) -> None:
    """Check that the options pass the type's schema: without that nothing else can be asked. Raises ContractError."""
    for error in validator.errors(dict(options)):
        raise ContractError(Clause.OPTIONS, location_type.key, reason=error.message)


def _check_normalize(location_type: LocationType, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    key = location_type.key
    given = copy.deepcopy(options)
    normal = _normalize(location_type, given, folder)
    if given != options:
        raise ContractError(Clause.NORMALIZE_INPUT, key, before=options, after=given)
    for name, value in _strings(normal):
        if _is_a_path(value) and (folder / value).exists():
            raise ContractError(Clause.NORMALIZE_PATHS, key, option=f"`{name}`", value=value)
    again = _normalize(location_type, copy.deepcopy(normal), folder / "elsewhere")
    if again != normal:
        raise ContractError(Clause.NORMALIZE_IDEMPOTENT, key, first=normal, second=again)
    _check_references(location_type, options, folder)
    return normal


def _check_references(location_type: LocationType, options: Mapping[str, Any], folder: Path) -> None:
    """Check with one reference at a time, as ``normalize`` sees what may be a secret. Raises ContractError."""
    properties = location_type.schema.get("properties", {})
    for name, value in options.items():
        schema = properties.get(name)
        if isinstance(value, (dict, list)) or (isinstance(schema, Mapping) and schema.get("writeOnly") is False):
            continue
        try:
            found = location_type.normalize({**options, name: _REFERENCE}, EntryContext(folder)).get(name, _REFERENCE)
        except BaseException as error:  # SystemExit too: a plugin is somebody else's code
            found = f"it raised {words_of(error)}"
        if found != _REFERENCE:
            fields = {"reference": _REFERENCE, "option": f"`{name}`", "found": found}
            raise ContractError(Clause.NORMALIZE_REFERENCES, location_type.key, **fields)


def _normalize(location_type: LocationType, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    try:
        normal = location_type.normalize(options, EntryContext(folder))
    except LocationError as error:
        raise ContractError(Clause.OPTIONS, location_type.key, reason=f"normalize() refuses them: {error}") from error
    except BaseException as error:  # SystemExit too: a plugin is somebody else's code
        raise ContractError(Clause.NORMALIZE, location_type.key, error=words_of(error)) from error
    try:
        if not isinstance(normal, Mapping):
            raise TypeError
        plain: dict[str, Any] = json.loads(json.dumps(dict(normal), allow_nan=False))
        if plain != dict(normal):
            raise TypeError
    except (TypeError, ValueError, RecursionError):
        raise ContractError(Clause.NORMALIZE_JSON, location_type.key, found=repr(normal)) from None
    return plain


def _strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(inner, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{name}[{index}]")


def _is_a_path(value: str) -> bool:
    """Tell a relative path from a name: a package and the folder that it lies in are written alike."""
    return 0 < len(value) < 1024 and "\0" not in value and not value.startswith("/") and not value.isidentifier()


def _check_default_name(location_type: LocationType, options: Mapping[str, Any]) -> None:
    first = _default_name(location_type, options)
    second = _default_name(location_type, options)
    if second != first:
        raise ContractError(
            Clause.DEFAULT_NAME_STABLE, location_type.key, first=first, second=second, when="for the same options"
        )
    with tempfile.TemporaryDirectory() as elsewhere, contextlib.chdir(elsewhere):
        second = _default_name(location_type, options)
    if second != first:
        raise ContractError(
            Clause.DEFAULT_NAME_STABLE, location_type.key, first=first, second=second, when="in another current folder"
        )


def _default_name(location_type: LocationType, options: Mapping[str, Any]) -> str:
    try:
        name = location_type.default_name(copy.deepcopy(dict(options)))
    except BaseException as error:  # SystemExit too: a plugin is somebody else's code
        raise ContractError(Clause.DEFAULT_NAME, location_type.key, found=f"raised {words_of(error)}") from error
    if not isinstance(name, str) or not name:
        raise ContractError(Clause.DEFAULT_NAME, location_type.key, found=f"gave {name!r}")
    return name


def _check_short_form(
    location_type: LocationType, options: Mapping[str, Any], folder: Path, registry: Registry
) -> None:
    key, shorthand = location_type.key, location_type.shorthand
    if shorthand is None or not isinstance(options.get(shorthand), str):
        return
    short = options[shorthand]
    from_string, wrong = _read({key: short}, folder, registry)
    from_mapping, also_wrong = _read({key: {shorthand: short}}, folder, registry)
    if from_string is None or from_mapping is None:
        reason = wrong or also_wrong
    elif from_string != from_mapping:
        reason = f"the one became {from_string.options}, the other {from_mapping.options}."
    else:
        return
    raise ContractError(Clause.SHORT_FORM, key, short=short, shorthand=shorthand, reason=reason)


def _read(entry: Mapping[str, Any], folder: Path, registry: Registry) -> tuple[Origin | None, str]:
    """Read one entry as a workspace file's reader does; gives its origin, or None and what is wrong."""
    (read,) = read_entries([entry], folder, registry, source="options").entries
    wrong = [problem.message for problem in read.problems if problem.severity is Severity.ERROR]
    return (None if wrong else read.origin), "\n".join(wrong)


def _check_watch_paths(location_type: LocationType, origin: Origin) -> None:
    try:
        paths = list(location_type.watch_paths(origin))
    except BaseException as error:  # SystemExit too: a plugin is somebody else's code
        raise ContractError(Clause.WATCH_PATHS, location_type.key, found=f"raised {words_of(error)}") from error
    for path in paths:
        if not isinstance(path, Path) or not path.is_absolute():
            raise ContractError(Clause.WATCH_PATHS, location_type.key, found=f"gave {path!r}")
