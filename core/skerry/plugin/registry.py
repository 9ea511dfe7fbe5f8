"""Gives the location types and run launchers that are installed, each imported when its key is first used."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from importlib import metadata

import pluggy

from skerry.errors import PluginError
from skerry.model import LocationState
from skerry.plugin import hooks
from skerry.plugin.discovery import GROUP as GROUP
from skerry.plugin.discovery import (
    LAUNCHERS,
    InstalledTwice,
    discover,
    distribution_name,
    distribution_words,
    normalized,
)
from skerry.plugin.failures import words_of_failure
from skerry.plugin.location_type import LocationType
from skerry.plugin.runs import RunLauncher

_LAUNCHER = "run launcher"


class Registry:
    """The location types and run launchers that are installed.

    Thread-safe; a location type that fails, fails again without being retried.

    Two variables help to find the plugin in the way: ``SKERRY_DISABLED_PLUGINS``, keys or names of distributions with
    commas between them, makes their entries fail; ``SKERRY_TRACE_PLUGINS=1`` tells on stderr what is imported when.
    """

    def __init__(self, entry_points: Iterable[metadata.EntryPoint] | None = None) -> None:
        """Take the installed entry points, or those given."""
        began = time.perf_counter()
        self._twice: dict[str, InstalledTwice] = {}
        if entry_points is None:
            entry_points, self._twice = discover()
        self._entry_points: dict[str, list[metadata.EntryPoint]] = {}
        self._launchers: dict[str, list[metadata.EntryPoint]] = {}
        for entry_point in entry_points:
            group = self._launchers if entry_point.group == LAUNCHERS else self._entry_points
            group.setdefault(entry_point.name, []).append(entry_point)
        self._disabled = {normalized(name) for name in os.environ.get("SKERRY_DISABLED_PLUGINS", "").split(",") if name}
        self._manager = pluggy.PluginManager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks)
        self._types: dict[str, LocationType | PluginError] = {}
        self._distributions: dict[str, str] = {}
        #: One for each key: who waits for a slow plugin is only who needs it.
        self._key_locks = {key: threading.RLock() for key in self._entry_points}
        self._lock = threading.Lock()
        _trace(f"{len(self._entry_points)} keys found", began)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that some installed distribution claims, sorted."""
        return tuple(sorted(self._entry_points))

    @property
    def warnings(self) -> tuple[InstalledTwice, ...]:
        """What is wrong with the installed distributions, and costs nothing yet."""
        return tuple(self._twice.values())

    def warning(self, key: str) -> InstalledTwice | None:
        """Give what is wrong with the distribution that offers ``key``, and costs nothing yet."""
        for point in self._entry_points[key] if self._twice else ():
            found = self._twice.get(normalized(distribution_name(point.dist))) if point.dist else None
            if found is not None:
                return found
        return None

    def distribution(self, key: str) -> str:
        """Name the distributions, with versions, that claim ``key``."""
        if key not in self._distributions:
            found = {distribution_words(point) for point in self._entry_points.get(key, ())}
            self._distributions[key] = ", ".join(sorted(found))
        return self._distributions[key]

    def get(self, key: str) -> LocationType:
        """Give the location type behind ``key``. Raises KeyError if nobody claims it, PluginError if it is broken."""
        points = self._entry_points[key]
        with self._key_locks[key]:
            if key not in self._types:
                began = time.perf_counter()
                self._types[key] = self._load(key, points)
                _trace(f"{key}: {points[0].value} ({self.distribution(key)})", began)
            found = self._types[key]
        if isinstance(found, PluginError):
            raise found
        return found

    @property
    def launcher_keys(self) -> tuple[str, ...]:
        """The keys of the run launchers that some installed distribution offers, sorted."""
        return tuple(sorted(self._launchers))

    def launcher_distribution(self, key: str) -> str:
        """Name the distributions, with versions, that offer a run launcher ``key``."""
        return ", ".join(sorted({distribution_words(point) for point in self._launchers.get(key, ())}))

    def launcher(self, key: str) -> type[RunLauncher]:
        """Give the run launcher behind ``key``. Raises KeyError if nobody offers it, PluginError if it is broken."""
        points = self._launchers[key]
        distribution = self.launcher_distribution(key)
        refused = self._refuse(key, points, distribution, what=_LAUNCHER)
        if refused is not None:
            raise refused
        try:
            found = points[0].load()
        except (Exception, SystemExit) as error:
            raise _broken(key, error, points[0], distribution, what=_LAUNCHER) from error
        if not (isinstance(found, type) and issubclass(found, RunLauncher) and found.key == key):
            reason = f"{points[0].value} is no subclass of RunLauncher whose key is {key!r}"
            raise PluginError(key, reason, distribution, what=_LAUNCHER)
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
        refused = self._refuse(key, points, distribution)
        if refused is not None:
            return refused
        try:
            offered = self._offered(points[0])
        # A plugin is somebody else's code: sys.exit() at its import must not end ours.
        except (Exception, SystemExit) as error:
            return _broken(key, error, points[0], distribution)
        if offered is None:
            reason = f"no function skerry_location_types of {points[0].value} is decorated with @hookimpl"
            return PluginError(key, reason, distribution)
        for location_type in offered:
            if location_type.key == key:
                return location_type
        names = ", ".join(repr(found.key) for found in offered) or "none"
        return PluginError(key, f"its skerry_location_types gives {names}, and not {key!r}", distribution)

    def _refuse(
        self, key: str, points: list[metadata.EntryPoint], distribution: str, what: str = "location type"
    ) -> PluginError | None:
        """Say why this key is not even imported, if so."""
        names = {normalized(key), *(normalized(distribution_name(point.dist)) for point in points if point.dist)}
        if names & self._disabled:
            return PluginError(key, "it is disabled", distribution, "Remove it from SKERRY_DISABLED_PLUGINS.", what)
        values = {point.value for point in points}
        if len({distribution_words(point) for point in points}) > 1 and len(values) > 1:
            return PluginError(
                key, f"it is claimed by {distribution}", advice="Uninstall all but one of them.", what=what
            )
        return None

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


def _broken(
    key: str, error: BaseException, point: metadata.EntryPoint, distribution: str, what: str = "location type"
) -> PluginError:
    """Give the error of a plugin that cannot be imported, or whose hook fails."""
    missing = isinstance(error, ModuleNotFoundError) and error.name is not None
    if missing and f"{point.module}.".startswith(f"{error.name}."):  # type: ignore[attr-defined]
        name = distribution_name(point.dist) if point.dist else point.value
        reason = f"{type(error).__name__}: {error}; only its metadata is left"
        advice = f"Run `{sys.executable} -m pip uninstall {name}`, or install it again."
        return PluginError(key, reason, distribution, advice, what)
    return PluginError(key, words_of_failure(error), distribution, what=what)


def _trace(words: str, began: float) -> None:
    if os.environ.get("SKERRY_TRACE_PLUGINS", "") not in ("", "0"):
        milliseconds = (time.perf_counter() - began) * 1000
        print(f"skerry plugins: {words}, {milliseconds:.0f} ms", file=sys.stderr)
