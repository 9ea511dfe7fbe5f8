"""What a location type says of itself: key, summary, schema, shorthand; and that it is found under its key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from skerry.errors import PluginError
from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.testing.clauses import Clause, ContractError
from skerry.workspace_file.schema import Schemas, Validator

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def find_type(location_type: LocationType | str, registry: Registry) -> LocationType:
    """Give the location type, found by way of its entry point as the workspace finds it. Raises ContractError."""
    key = location_type if isinstance(location_type, str) else getattr(location_type, "key", None)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ContractError(Clause.KEY, str(key), found=repr(key))
    if key not in registry.keys:
        raise ContractError(Clause.ENTRY_POINT, key, reason=f"No installed distribution offers {key!r}")
    try:
        found = registry.get(key)
    except PluginError as error:
        raise ContractError(Clause.ENTRY_POINT, key, reason=error.sentence.rstrip(".")) from error
    if not isinstance(location_type, str) and type(found) is not type(location_type):
        reason = f"The entry point {key!r} gives {type(found).__qualname__}, not {type(location_type).__qualname__}"
        raise ContractError(Clause.ENTRY_POINT, key, reason=reason)
    return found


def check_declaration(location_type: LocationType) -> None:
    """Check all that can be checked without an entry. Raises ContractError."""
    key = location_type.key
    summary = getattr(location_type, "summary", None)
    if not isinstance(summary, str) or not summary.strip() or "\n" in summary:
        raise ContractError(Clause.SUMMARY, key, found=repr(summary))
    deprecated = location_type.deprecated
    if deprecated is not None and not (isinstance(deprecated, str) and deprecated.strip()):
        raise ContractError(Clause.DEPRECATED, key, found=repr(deprecated))
    _check_schema(key, getattr(location_type, "schema", None))
    _check_shorthand(location_type)


def _check_schema(key: str, schema: Any) -> None:
    _check_that_it_is_one(key, schema)
    for property_name in Schemas().common_options:
        if property_name in schema.get("properties", {}):
            raise ContractError(Clause.SCHEMA_COMMON, key, property=property_name)
    for where, part in _parts("`schema`", schema):
        if not part.get("description"):
            raise ContractError(Clause.SCHEMA_DESCRIBED, key, where=where)
        if part.get("type") == "object" and part.get("additionalProperties", True) is True:
            raise ContractError(Clause.SCHEMA_CLOSED, key, where=where)
        _check_examples(key, where, part)


def _check_that_it_is_one(key: str, schema: Any) -> None:
    try:
        if not isinstance(schema, Mapping):
            raise TypeError(f"it is {schema!r}")
        if json.loads(json.dumps(dict(schema), allow_nan=False)) != schema:
            raise TypeError("it has values that JSON does not have")
        if schema.get("type") != "object":
            raise ValueError(f'its "type" is {schema.get("type")!r}')
        Validator(schema).check()
    except Exception as error:
        raise ContractError(Clause.SCHEMA, key, reason=str(error).splitlines()[0].rstrip(".")) from error


def _check_examples(key: str, where: str, part: Mapping[str, Any]) -> None:
    given = [("an example", value) for value in part.get("examples", ())]
    given += [("the default", part["default"])] if "default" in part else []
    for kind, value in given:
        for error in Validator(part).errors(value):
            raise ContractError(
                Clause.SCHEMA_EXAMPLES, key, where=where, kind=kind, value=value, reason=error.message.rstrip(".")
            )


def _check_shorthand(location_type: LocationType) -> None:
    shorthand = location_type.shorthand
    if shorthand is None:
        return
    properties = location_type.schema.get("properties", {})
    if shorthand not in properties:
        found = f"{shorthand!r}, which is no property of `schema`"
    elif properties[shorthand].get("type") != "string":
        found = f"{shorthand!r}, whose type is {properties[shorthand].get('type')!r}"
    else:
        return
    raise ContractError(Clause.SHORTHAND, location_type.key, found=found)


def _parts(where: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the schema and those of its properties, at any depth, each with words for where it stands."""
    yield where, schema
    for name, part in schema.get("properties", {}).items():
        if isinstance(part, Mapping):
            inner = f"the property {name!r}" if where == "`schema`" else f"{where[:-1]}.{name}'"
            yield from _parts(inner, part)
