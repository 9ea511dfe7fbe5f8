"""The hooks of a plugin, found with pluggy in the module that its entry point names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

from skerry.model import LocationState

if TYPE_CHECKING:
    from skerry.plugin.location_type import LocationType

PROJECT = "skerry"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def skerry_location_types() -> Iterable[LocationType]:  # type: ignore[empty-body]
    """Give the location types of this plugin.

    Called once, in the thread that first meets an entry with one of its keys. An exception costs the locations
    that use this plugin, and nothing else.
    """


@hookspec
def skerry_location_changed(name: str, old: LocationState | None, new: LocationState) -> None:
    """Observe a location: called after each move, in the thread that made it, which it must not block.

    ``old`` is None for the first state. An exception is reported as a warning and otherwise ignored.
    """
