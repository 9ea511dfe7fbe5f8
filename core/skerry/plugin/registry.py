"""Gives the location types and run launchers that are installed, each imported when its key is first used."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Iterable
from importlib import metadata

import pluggy

from skerry.model import LocationState
from skerry.plugin import hooks
from skerry.plugin.discovery import GROUP as GROUP
from skerry.plugin.discovery import LAUNCHERS, InstalledTwice, discover, normalized
from skerry.plugin.location_type import LocationType
from skerry.plugin.offers import Offers, trace
from skerry.plugin.runs import RunLauncher


class Registry:
    """The location types and run launchers that are installed.

    Thread-safe; a location type or run launcher that fails, fails again without being retried.

    Two variables help to find the plugin in the way: ``SKERRY_DISABLED_PLUGINS``, keys or names of distributions with
    commas between them, makes what uses them fail; ``SKERRY_TRACE_PLUGINS=1`` tells on stderr what is imported when.
    """

    def __init__(self, entry_points: Iterable[metadata.EntryPoint] | None = None) -> None:
        """Take the installed entry points, or those given."""
        began = time.perf_counter()
        twice: dict[str, InstalledTwice] = {}
        if entry_points is None:
            entry_points, twice = discover()
        points = list(entry_points)
        types = [point for point in points if point.group != LAUNCHERS]
        launchers = [point for point in points if point.group == LAUNCHERS]
        disabled = {normalized(name) for name in os.environ.get("SKERRY_DISABLED_PLUGINS", "").split(",") if name}
        self._twice = twice
        self._types = Offers("location type", types, self._location_type, disabled, twice)
        self._launchers = Offers("run launcher", launchers, _run_launcher, disabled, twice)
        self._manager = pluggy.PluginManager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks)
        self._lock = threading.Lock()
        trace(f"{len(points)} keys found", began)

    @property
    def warnings(self) -> tuple[InstalledTwice, ...]:
        """What is wrong with the installed distributions, and costs nothing yet."""
        return tuple(self._twice.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of location types that some installed distribution claims, sorted."""
        return self._types.keys

    def warning(self, key: str) -> InstalledTwice | None:
        """Give what is wrong with the distribution that offers the location type ``key``, and costs nothing yet."""
        return self._types.warning(key)

    def distribution(self, key: str) -> str:
        """Name the distributions, with versions, that claim the location type ``key``."""
        return self._types.distribution(key)

    def get(self, key: str) -> LocationType:
        """Give the location type behind ``key``. Raises KeyError if nobody claims it, PluginError if it is broken."""
        return self._types.get(key)

    @property
    def launcher_keys(self) -> tuple[str, ...]:
        """The keys of the run launchers that some installed distribution offers, sorted."""
        return self._launchers.keys

    def launcher_warning(self, key: str) -> InstalledTwice | None:
        """Give what is wrong with the distribution that offers a run launcher ``key``, and costs nothing yet."""
        return self._launchers.warning(key)

    def launcher_distribution(self, key: str) -> str:
        """Name the distributions, with versions, that offer a run launcher ``key``."""
        return self._launchers.distribution(key)

    def launcher(self, key: str) -> type[RunLauncher]:
        """Give the run launcher behind ``key``. Raises KeyError if nobody offers it, PluginError if it is broken."""
        return self._launchers.get(key)

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

    def _location_type(self, key: str, point: metadata.EntryPoint) -> LocationType | str:
        """Import a plugin and give its location type ``key``, or why that is of no use."""
        offered = self._offered(point)
        if offered is None:
            return f"no function skerry_location_types of {point.value} is decorated with @hookimpl"
        for location_type in offered:
            if location_type.key == key:
                return location_type
        names = ", ".join(repr(found.key) for found in offered) or "none"
        return f"its skerry_location_types gives {names}, and not {key!r}"

    def _offered(self, point: metadata.EntryPoint) -> list[LocationType] | None:
        """Import a plugin and give its location types, None when it does not implement the hook at all."""
        module = point.load()
        with self._lock:
            if not self._manager.is_registered(module):
                self._manager.register(module)
            others = [plugin for plugin in self._manager.get_plugins() if plugin is not module]
            implementations = self._manager.subset_hook_caller("skerry_location_types", others)
        if not implementations.get_hookimpls():
            return None
        return [found for types in implementations() for found in types]


def _run_launcher(key: str, point: metadata.EntryPoint) -> type[RunLauncher] | str:
    """Import a plugin and give its run launcher ``key``, or why that is of no use."""
    found = point.load()
    if isinstance(found, type) and issubclass(found, RunLauncher) and found.key == key:
        return found
    return f"{point.value} is no subclass of RunLauncher whose key is {key!r}"
