"""Writes the marked part of docs/workspace-file.md from the schemas: ``python docs/make_reference.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.workspace_file import compose_schema

PAGE = Path(__file__).resolve().parent / "workspace-file.md"
BEGIN = "<!-- reference: made by docs/make_reference.py -->\n"
END = "<!-- end of reference -->\n"

#: The location types that come with Skerry. Others document their own.
BUILT_IN = ("python_file", "python_package", "python_module", "grpc_server")
#: The run launchers that do.
LAUNCHERS = ("process", "docker")
#: Options that core adds to every type: the same everywhere, and described once.
COMMON = ("location_name", "startup_timeout", "lazy", "idle_timeout", "watch", "env", "env_file")

_KINDS = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
_KINDS |= {"object": "mapping", "array": "list"}


def render() -> str:
    """Give the reference as Markdown."""
    registry = Registry()
    composed = compose_schema(registry)["properties"]
    types, launchers = composed["load_from"]["items"]["properties"], composed["run_launcher"]["properties"]
    parts = [part for key in BUILT_IN for part in _type_section(registry.get(key), _options(types[key]))]
    common = _options(types[BUILT_IN[0]])
    parts += ["### Every type", "", *_table({key: common["properties"][key] for key in COMMON}, ())]
    parts += [part for key in LAUNCHERS for part in _launcher_section(key, launchers[key])]
    return "\n".join(parts)


def with_reference(page: str) -> str:
    """Give the page with its marked part made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


def _options(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the schema of a type's mapping; beside it stands that of the shorthand."""
    options: Mapping[str, Any] = schema.get("then", schema)
    return options


def _type_section(location_type: LocationType, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {location_type.key}", "", str(schema.get("description", location_type.summary)), "")
    if location_type.deprecated:
        yield from (f"Deprecated: {location_type.deprecated}. Each use is a warning.", "")
    if location_type.shorthand:
        example = schema["properties"][location_type.shorthand]["examples"][0]
        short = f"`- {location_type.key}: {example}`"
        yield from (f"In short, with its `{location_type.shorthand}` alone: {short}.", "")
    own = {key: option for key, option in schema["properties"].items() if key not in COMMON}
    yield from _table(own, schema.get("required", ()))
    rules = list(_rules(schema, ""))
    if rules:
        yield from (" ".join(rules), "")


def _launcher_section(key: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### The run launcher {key}", "", f"{schema['description'].rstrip('.')}.", "")
    if schema.get("properties"):
        yield from _table(schema["properties"], schema.get("required", ()))
    else:
        yield from ("It has no options.", "")


def _rules(schema: Mapping[str, Any], inside: str) -> Iterator[str]:
    """Say which options go together, and which do not."""
    for choices in (schema.get("oneOf", ()), [schema["not"]] if "not" in schema else ()):
        names = [_code(inside + key) for choice in choices for key in choice["required"]]
        if choices:
            yield f"{'Exactly' if len(choices) > 1 else 'At most'} one of {' and '.join(names)} is given."
    for key, needed in schema.get("dependencies", {}).items():
        yield f"{_code(inside + key)} needs {' and '.join(_code(inside + one) for one in needed)}."
    for key, option in schema["properties"].items():
        if _members(option):
            yield from _rules(_rule(option), f"{inside}{key}.")


def _table(options: Mapping[str, Any], required: Any) -> Iterator[str]:
    yield from ("| key | value | default | meaning | example |", "| --- | --- | --- | --- | --- |")
    yield from _rows(options, required, "")
    yield ""


def _rows(options: Mapping[str, Any], required: Any, inside: str) -> Iterator[str]:
    for key, option in options.items():
        default = "required" if key in required else _code(option["default"]) if "default" in option else ""
        examples = ", ".join(_code(example) for example in option.get("examples", ()))
        yield f"| `{inside}{key}` | {_kind(option)} | {default} | {option['description']} | {examples} |"
        yield from _rows(_members(option), _rule(option).get("required", ()), f"{inside}{key}.")


def _rule(option: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what an option may be where it is no reference."""
    rule: Mapping[str, Any] = option.get("else", option)
    return rule


def _members(option: Mapping[str, Any]) -> Mapping[str, Any]:
    members: Mapping[str, Any] = _rule(option).get("properties", {})
    return members


def _kind(option: Mapping[str, Any]) -> str:
    option = _rule(option)
    if "enum" in option:
        return " or ".join(_code(choice) for choice in option["enum"])
    bounds = [f"more than {option['exclusiveMinimum']}"] if "exclusiveMinimum" in option else []
    bounds += [f"at least {option['minimum']}"] if "minimum" in option else []
    bounds += [f"at most {option['maximum']}"] if "maximum" in option else []
    types = [option["type"]] if isinstance(option["type"], str) else option["type"]
    return ", ".join([" or ".join(_KINDS[one] for one in types), *bounds])


def _code(value: Any) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
