"""The run launchers of one workspace: each made when the first run is launched with it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from skerry.errors import ErrorKind, LocationError, PluginError, SkerryError
from skerry.plugin import RunLauncher
from skerry.plugin.failures import words_of_failure
from skerry.plugin.registry import Registry
from skerry.workspace_file.nearest import nearest

DEFAULT = "process"


class Launchers:
    """Thread-safe."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made: dict[str, RunLauncher] = {}
        self._making = threading.Lock()

    def get(self, key: str | None) -> RunLauncher:
        """Give the one behind ``key``, or the one that is used where nothing else is said. Raises LocationError."""
        key = key or DEFAULT
        with self._making:
            if key not in self._made:
                self._made[key] = self._make(key)
            return self._made[key]

    def close(self) -> None:
        """Close all of them. Idempotent."""
        with self._making:
            made = list(self._made.items())
        for key, launcher in made:
            with contextlib.suppress(LocationError), self.guarding(key):
                launcher.close()

    @contextlib.contextmanager
    def guarding(self, key: str) -> Iterator[None]:
        """Make a LocationError of what a launcher raises and should not: it is somebody else's code."""
        try:
            yield
        except SkerryError:
            raise
        except Exception as error:
            raise LocationError(
                ErrorKind.RUN_LAUNCHER_FAILED,
                key=key,
                distribution=self._registry.launcher_distribution(key),
                reason=words_of_failure(error),
            ) from error

    def _make(self, key: str) -> RunLauncher:
        try:
            found = self._registry.launcher(key)
        except KeyError:
            keys = self._registry.launcher_keys
            near = nearest(key, keys)
            advice = f"Did you mean {near}?" if near is not None else f"There are: {', '.join(keys)}."
            raise LocationError(ErrorKind.RUN_LAUNCHER_NOT_FOUND, key=key, advice=advice) from None
        except PluginError as error:
            raise LocationError(reason=str(error)) from None
        with self.guarding(key):
            return found({})
