"""What the entry points of one group offer, each imported when its key is first used."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import metadata
from typing import Generic, TypeVar

from skerry.errors import PluginError
from skerry.plugin.discovery import InstalledTwice, distribution_name, distribution_words, normalized
from skerry.plugin.failures import words_of_failure

Offered = TypeVar("Offered")


class Offers(Generic[Offered]):
    """Thread-safe; what fails, fails again without being retried."""

    def __init__(
        self,
        what: str,
        entry_points: Iterable[metadata.EntryPoint],
        load: Callable[[str, metadata.EntryPoint], Offered | str],
        disabled: Collection[str],
        twice: Mapping[str, InstalledTwice],
    ) -> None:
        """``what``: they offer, in words. ``load``: imports one, and gives what it offers, or why that is of no use.

        ``disabled``: normalized keys and names of distributions. ``twice``: what is installed so, by normalized names.
        """
        self._what = what
        self._load = load
        self._disabled = disabled
        self._twice = twice
        self._entry_points: dict[str, list[metadata.EntryPoint]] = {}
        for entry_point in entry_points:
            self._entry_points.setdefault(entry_point.name, []).append(entry_point)
        self._found: dict[str, Offered | PluginError] = {}
        self._distributions: dict[str, str] = {}
        #: One for each key: who waits for a slow plugin is only who needs it.
        self._key_locks = {key: threading.RLock() for key in self._entry_points}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that some installed distribution claims, sorted."""
        return tuple(sorted(self._entry_points))

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

    def get(self, key: str) -> Offered:
        """Give what is behind ``key``. Raises KeyError if nobody claims it, PluginError if it is broken."""
        points = self._entry_points[key]
        with self._key_locks[key]:
            if key not in self._found:
                began = time.perf_counter()
                self._found[key] = self._import(key, points)
                trace(f"{key}: {points[0].value} ({self.distribution(key)})", began)
            found = self._found[key]
        if isinstance(found, PluginError):
            raise found
        return found

    def _import(self, key: str, points: list[metadata.EntryPoint]) -> Offered | PluginError:
        refused = self._refuse(key, points)
        if refused is not None:
            return refused
        try:
            found = self._load(key, points[0])
        # A plugin is somebody else's code: sys.exit() at its import must not end ours.
        except (Exception, SystemExit) as error:
            return self._broken(key, error, points[0])
        return self._error(key, found, self.distribution(key)) if isinstance(found, str) else found

    def _refuse(self, key: str, points: list[metadata.EntryPoint]) -> PluginError | None:
        """Say why this key is not even imported, if so."""
        distribution = self.distribution(key)
        names = {normalized(key), *(normalized(distribution_name(point.dist)) for point in points if point.dist)}
        if names & set(self._disabled):
            return self._error(key, "it is disabled", distribution, "Remove it from SKERRY_DISABLED_PLUGINS.")
        values = {point.value for point in points}
        if len({distribution_words(point) for point in points}) > 1 and len(values) > 1:
            return self._error(key, f"it is claimed by {distribution}", advice="Uninstall all but one of them.")
        return None

    def _broken(self, key: str, error: BaseException, point: metadata.EntryPoint) -> PluginError:
        """Give the error of a plugin that cannot be imported, or whose hook fails."""
        distribution = self.distribution(key)
        missing = isinstance(error, ModuleNotFoundError) and error.name is not None
        if missing and f"{point.module}.".startswith(f"{error.name}."):  # type: ignore[attr-defined]
            name = distribution_name(point.dist) if point.dist else point.value
            reason = f"{type(error).__name__}: {error}; only its metadata is left"
            advice = f"Run `{sys.executable} -m pip uninstall {name}`, or install it again."
            return self._error(key, reason, distribution, advice)
        return self._error(key, words_of_failure(error), distribution)

    def _error(self, key: str, reason: str, distribution: str = "", advice: str = "") -> PluginError:
        return PluginError(key, reason, distribution, advice, self._what)


def trace(words: str, began: float) -> None:
    """Tell on stderr what was done since ``began``, where ``SKERRY_TRACE_PLUGINS`` asks for it."""
    if os.environ.get("SKERRY_TRACE_PLUGINS", "") not in ("", "0"):
        milliseconds = (time.perf_counter() - began) * 1000
        print(f"skerry plugins: {words}, {milliseconds:.0f} ms", file=sys.stderr)
