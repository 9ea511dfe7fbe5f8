"""The installed location types and run launchers as data: what ``skerry types`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry.model import Record
from skerry.plugin import LocationType, RunLauncher
from skerry.plugin.registry import Registry
from skerry_schemas import workspace_schema


@dataclass(frozen=True)
class OptionInfo(Record):
    """A key that may stand under that of a type or launcher. ``schema``: its JSON Schema, as the plugin gives it."""

    name: str
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class TypeInfo(Record):
    """An installed location type, or the reason why it cannot be used.

    ``distribution``: its name and version; several, with commas, when they claim one key. ``shorthand``: the option
    that a bare string stands for. ``deprecated``: what to use in its place. ``error``: None when all is well; without
    it ``options`` and the rest are empty.
    """

    key: str
    distribution: str
    summary: str = ""
    description: str = ""
    shorthand: str | None = None
    deprecated: str | None = None
    options: tuple[OptionInfo, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class LauncherInfo(Record):
    """An installed run launcher, or the reason why it cannot be used. Its fields are as those of ``TypeInfo``."""

    key: str
    distribution: str
    summary: str = ""
    description: str = ""
    options: tuple[OptionInfo, ...] = ()
    error: str | None = None


def installed_types(registry: Registry) -> tuple[TypeInfo, ...]:
    """Give every type that is installed, by key. Each plugin is imported; a broken one is one with an error."""
    from skerry.workspace_file import unusable_types

    unusable = unusable_types(registry)
    return tuple(
        TypeInfo(key, registry.distribution(key), error=str(unusable[key]))
        if key in unusable
        else _describe(registry.get(key), registry.distribution(key))
        for key in registry.keys
    )


def installed_launchers(registry: Registry) -> tuple[LauncherInfo, ...]:
    """Give every run launcher that is installed, likewise."""
    from skerry.workspace_file import unusable_launchers

    unusable = unusable_launchers(registry)
    return tuple(
        LauncherInfo(key, registry.launcher_distribution(key), error=str(unusable[key]))
        if key in unusable
        else _describe_launcher(registry.launcher(key), registry.launcher_distribution(key))
        for key in registry.launcher_keys
    )


def _describe(location_type: LocationType, distribution: str) -> TypeInfo:
    schema = location_type.schema
    common = workspace_schema()["definitions"]["common_options"]["properties"]
    options = {**schema.get("properties", {}), **common}
    return TypeInfo(
        key=location_type.key,
        distribution=distribution,
        summary=location_type.summary,
        description=schema.get("description", ""),
        shorthand=location_type.shorthand,
        deprecated=location_type.deprecated,
        options=_options(options, schema),
    )


def _describe_launcher(launcher: type[RunLauncher], distribution: str) -> LauncherInfo:
    schema = launcher.schema
    options = _options(schema.get("properties", {}), schema)
    return LauncherInfo(launcher.key, distribution, launcher.summary, schema.get("description", ""), options)


def _options(options: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[OptionInfo, ...]:
    required = schema.get("required", ())
    return tuple(OptionInfo(name, name in required, option) for name, option in options.items())
