"""A value against its JSON Schema: what jsonschema finds, as findings at places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from skerry.workspace_file.findings import Code, Finding
from skerry.workspace_file.nearest import nearest
from skerry.workspace_file.schema import Validator
from skerry.workspace_file.tree import Tree

if TYPE_CHECKING:
    from jsonschema import ValidationError

#: Gives the findings of one error of jsonschema's, from the error, the tree of the value and the value's name.
Translator: TypeAlias = "Callable[[ValidationError, Tree, str], Iterator[Finding]]"


def violations(validator: Validator, tree: Tree, name: str) -> Iterator[Finding]:
    """Give every way in which ``tree`` breaks the schema. ``name``: what to call the tree itself in words."""
    seen = set()
    for error in validator.errors(tree.value):
        path = tuple(error.absolute_path)
        # jsonschema has an error for each missing property; one of them is enough to tell them all.
        about_a_key = "propertyNames" in error.absolute_schema_path
        rule = path, tuple(error.absolute_schema_path), str(error.instance) if about_a_key else ""
        if rule not in seen:
            seen.add(rule)
            spot = tree.at(path)
            # A value that could not be read is told already; that its stand-in breaks the schema says nothing.
            if spot.unread:
                continue
            translate = _wrong_key if about_a_key else _TRANSLATORS.get(str(error.validator), _other)
            yield from translate(error, spot, dotted(path) or name)


def dotted(path: tuple[Any, ...]) -> str:
    """Write a path as in Python: ``env.NAME``, ``files[0]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _finding(code: Code, tree: Tree, name: str, **fields: Any) -> Finding:
    return Finding(code, tree.place, {"name": name, **fields})


def _wrong_type(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    expected: Any = error.validator_value
    names = (expected,) if isinstance(expected, str) else tuple(expected)
    yield _finding(Code.WRONG_TYPE, tree, name, expected=names, found=kind(tree.value), written=tree.written)


def _missing(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    schema = _schema_of(error)
    mistyped = _mistyped(schema, tree)
    for key in cast("list[str]", error.validator_value):
        # A key that is there under a mistyped name is one mistake, and has its own words.
        if key not in tree.value and key not in mistyped:
            yield _finding(Code.MISSING_KEY, tree, name, key=key, example=_example(schema, key))


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _mistyped(schema: Mapping[str, Any], tree: Tree) -> set[str | None]:
    """Give the known keys that the unknown ones are meant to be."""
    if schema.get("additionalProperties") is not False:
        return set()
    known = schema.get("properties", {})
    return {nearest(key, known) for key in tree.value if key not in known}


def _example(schema: Mapping[str, Any], key: str) -> str | None:
    for example in schema.get("properties", {}).get(key, {}).get("examples", ()):
        if isinstance(example, (str, int, float)):
            return str(example)
    return None


def _depends(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    schema = _schema_of(error)
    there = {*tree.value, *_mistyped(schema, tree)}
    for key, needed in cast("Mapping[str, Any]", error.validator_value).items():
        for other in needed if key in tree.value and isinstance(needed, list) else ():
            if other not in there:
                fields = {"name": name, "key": other, "example": _example(schema, other)}
                yield Finding(Code.MISSING_KEY, tree.key_places.get(key), fields)


def _alternatives(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    """Tell what ``oneOf`` and ``not`` say of keys: one of several, or not these together."""
    rules: Any = error.validator_value
    if error.validator == "not":
        keys = [key for key in required_keys(rules) if key in tree.value] if isinstance(tree.value, dict) else []
    else:
        keys = [key for rule in rules for key in required_keys(rule)]
        if keys and not any(key in tree.value for key in keys):
            if not _mistyped(_schema_of(error), tree).intersection(keys):
                yield _finding(Code.ONE_KEY_OF_SEVERAL, tree, name, keys=tuple(keys))
            return
        keys = [key for key in keys if key in tree.value]
    if len(keys) > 1:
        # Whichever was written last is at odds with what stood there before.
        places = [place for place in map(tree.key_places.get, keys) if place is not None]
        place = max(places, default=tree.place)
        yield Finding(Code.EXCLUSIVE_KEYS, place, {"keys": tuple(keys)})
    else:
        yield from _other(error, tree, name)


def required_keys(schema: Any) -> tuple[str, ...]:
    """Name the keys of a schema that says nothing but that they must be there; else none."""
    if isinstance(schema, Mapping) and list(schema) == ["required"]:
        return tuple(schema["required"])
    return ()


def _unknown(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    schema = _schema_of(error)
    known = tuple(schema.get("properties", ()))
    patterns = tuple(schema.get("patternProperties", ()))
    for key, place in tree.key_places.items():
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            yield Finding(Code.UNKNOWN_KEY, place, {"name": name, "key": key, "known": known})


def _wrong_key(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    key = str(error.instance)
    rule = f"{error.validator}: {error.validator_value}"
    yield Finding(Code.WRONG_KEY, tree.key_places.get(key), {"name": name, "key": key, "rule": rule})


def _shown(tree: Tree) -> Any:
    """Give what may be shown of a value: not what a reference stands for."""
    if not tree.hidden:
        return tree.value
    return tree.written or "***"


def _not_a_choice(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    value: Any = error.validator_value
    choices = tuple(value) if error.validator == "enum" else (value,)
    yield _finding(Code.NOT_A_CHOICE, tree, name, found=_shown(tree), choices=choices)


def _too_short(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    yield _finding(Code.TOO_SHORT, tree, name, found=kind(tree.value), limit=error.validator_value)


def _too_long(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    yield _finding(Code.TOO_LONG, tree, name, found=kind(tree.value), limit=error.validator_value)


def _out_of_range(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    rule = str(error.validator)
    found = f"`{_shown(tree)}`" if tree.hidden else tree.value
    yield _finding(Code.OUT_OF_RANGE, tree, name, found=found, rule=rule, limit=error.validator_value)


def _wrong_pattern(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    yield _finding(Code.WRONG_PATTERN, tree, name, found=_shown(tree), pattern=error.validator_value)


def _other(error: ValidationError, tree: Tree, name: str) -> Iterator[Finding]:
    if name == "location_name" and error.validator == "not":
        yield _finding(Code.CONTROL_CHARACTER, tree, name, found=tree.value)
    else:
        # jsonschema's own words show the value.
        detail = f"the rule `{error.validator}` does not hold" if tree.hidden else error.message
        yield _finding(Code.AGAINST_SCHEMA, tree, name, detail=detail)


def kind(value: Any) -> str:
    """Give JSON Schema's name for the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


_TRANSLATORS: Mapping[str, Translator] = {
    "type": _wrong_type,
    "required": _missing,
    "dependencies": _depends,
    "oneOf": _alternatives,
    "not": _alternatives,
    "additionalProperties": _unknown,
    "enum": _not_a_choice,
    "const": _not_a_choice,
    "minLength": _too_short,
    "minItems": _too_short,
    "minProperties": _too_short,
    "maxLength": _too_long,
    "maxItems": _too_long,
    "maxProperties": _too_long,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "exclusiveMinimum": _out_of_range,
    "exclusiveMaximum": _out_of_range,
    "pattern": _wrong_pattern,
}
