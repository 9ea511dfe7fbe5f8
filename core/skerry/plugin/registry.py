"""Finds location types by the entry points of the group ``skerry.plugins``, each when its key is first used."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable
from importlib import metadata

import pluggy

from skerry.errors import PluginError
from skerry.model import LocationState
from skerry.plugin import hooks
from skerry.plugin.location_type import LocationType

GROUP = "skerry.plugins"


class Registry:
    """The location types that are installed. Thread-safe; a plugin that fails, fails again without being retried."""

    def __init__(self, entry_points: Iterable[metadata.EntryPoint] | None = None) -> None:
        """Take the installed entry points, or those given."""
        found = metadata.entry_points(group=GROUP) if entry_points is None else entry_points
        self._entry_points: dict[str, list[metadata.EntryPoint]] = {}
        for entry_point in found:
            self._entry_points.setdefault(entry_point.name, []).append(entry_point)
        self._manager = pluggy.PluginManager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks)
        self._types: dict[str, LocationType | PluginError] = {}
        self._lock = threading.RLock()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that some installed distribution claims, sorted."""
        return tuple(sorted(self._entry_points))

    def distribution(self, key: str) -> str:
        """Name the distributions, with versions, that claim ``key``."""
        return ", ".join(sorted({_distribution(point) for point in self._entry_points.get(key, ())}))

    def get(self, key: str) -> LocationType:
        """Give the location type behind ``key``. Raises KeyError if nobody claims it, PluginError if it is broken."""
        points = self._entry_points[key]
        with self._lock:
            if key not in self._types:
                self._types[key] = self._load(key, points)
            found = self._types[key]
        if isinstance(found, PluginError):
            raise found
        return found

    def location_changed(self, name: str, old: LocationState | None, new: LocationState) -> None:
        """Tell every plugin in use of a move."""
        try:
            self._manager.hook.skerry_location_changed(name=name, old=old, new=new)
        except Exception as error:
            warnings.warn(
                f"A plugin's skerry_location_changed failed for {name!r}: {error!r}",
                RuntimeWarning,
                stacklevel=2,
            )

    def _load(self, key: str, points: list[metadata.EntryPoint]) -> LocationType | PluginError:
        distribution = self.distribution(key)
        values = {point.value for point in points}
        if len({_distribution(point) for point in points}) > 1 and len(values) > 1:
            return PluginError(key, f"it is claimed by {distribution}; uninstall all but one of them")
        offered: list[LocationType] = []
        try:
            module = points[0].load()
            if not self._manager.is_registered(module):
                self._manager.register(module)
            implementations = self._manager.subset_hook_caller(
                "skerry_location_types",
                [plugin for plugin in self._manager.get_plugins() if plugin is not module],
            )()
            offered.extend(found for types in implementations for found in types)
        # A plugin is somebody else's code: sys.exit() at its import must not end ours.
        except (Exception, SystemExit) as error:
            return PluginError(key, f"{type(error).__name__}: {error}", distribution)
        for location_type in offered:
            if location_type.key == key:
                return location_type
        names = ", ".join(repr(found.key) for found in offered) or "none"
        return PluginError(key, f"its skerry_location_types gives {names}, and not {key!r}", distribution)


def _distribution(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
