"""The run launchers of one workspace: each made when the first run is launched with it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from skerry.errors import ErrorKind, KindError, LocationError, PluginError, SkerryError
from skerry.model import Problem, Severity
from skerry.plugin import RunLauncher
from skerry.plugin.failures import words_of_failure
from skerry.plugin.registry import Registry
from skerry.workspace_file import ChosenLauncher, Masker, resolve_options, without_options
from skerry.workspace_file.nearest import nearest

DEFAULT = "process"


@dataclass(frozen=True)
class MadeLauncher:
    """A run launcher, and what it was made from. ``secrets``: values of its options that must not be seen."""

    launcher: RunLauncher
    chosen: ChosenLauncher
    distribution: str
    secrets: frozenset[str]

    @property
    def key(self) -> str:
        """The one by which it is chosen."""
        return self.chosen.key

    def guarding(self, secrets: Collection[str]) -> contextlib.AbstractContextManager[None]:
        """Make a LocationError of what it raises and should not, and hide ``secrets`` in what it says."""
        return _guarding(self.key, self.distribution, secrets)


class Launchers:
    """Thread-safe."""

    def __init__(self, registry: Registry, chosen: ChosenLauncher | None) -> None:
        """``chosen``: what the workspace file says."""
        self._registry = registry
        self._chosen = chosen
        self._made: dict[str, MadeLauncher] = {}
        #: Those in whose place are others; they may have runs under way.
        self._replaced: list[MadeLauncher] = []
        self._making = threading.Lock()

    def choose(self, chosen: ChosenLauncher | None) -> None:
        """Take what the workspace file says now, for the runs that are launched from now on."""
        with self._making:
            self._chosen = chosen

    def get(self, key: str | None) -> MadeLauncher:
        """Give the one behind ``key``, or the one that is used where nothing else is said. Raises LocationError."""
        with self._making:
            chosen = self._choice(key)
            before = self._made.get(chosen.key)
            if before is not None and before.chosen.says_the_same(chosen):
                return before
            made = self._make(chosen)
            if before is not None:
                self._replaced.append(before)
            self._made[chosen.key] = made
            return made

    def problem(self) -> Problem | None:
        """Make the one that the workspace file chooses, unless that is wrong by itself, and say why it cannot be."""
        chosen = self._chosen
        if chosen is None or chosen.errors:
            return None
        try:
            self.get(None)
        except LocationError as error:
            message, _, hint = str(error).partition("\n")
            place = (chosen.file, chosen.line, chosen.column)
            return Problem(Severity.ERROR, error.kind.value, None, *place, message, hint)
        return None

    def close(self) -> None:
        """Close all of them. Idempotent."""
        with self._making:
            made = [*self._replaced, *self._made.values()]
        for one in made:
            with contextlib.suppress(LocationError), one.guarding(one.secrets):
                one.launcher.close()

    def _choice(self, key: str | None) -> ChosenLauncher:
        if self._chosen is not None and key in (None, "", self._chosen.key):
            return self._chosen
        return ChosenLauncher(key or DEFAULT, {})

    def _make(self, chosen: ChosenLauncher) -> MadeLauncher:
        key = chosen.key
        if chosen is not self._chosen:
            self._check_without_options(key)
        elif chosen.errors:
            raise LocationError(ErrorKind.RUN_LAUNCHER_INVALID, detail="\n".join(map(str, chosen.errors)))
        assert chosen.options is not None
        found = self._registry.launcher(key)
        options, secrets = resolve_options(chosen.options, found.schema, chosen.written, os.environ)
        distribution = self._registry.launcher_distribution(key)
        with _guarding(key, distribution, secrets):
            return MadeLauncher(found(options), chosen, distribution, secrets)

    def _check_without_options(self, key: str) -> None:
        """Raise LocationError where there is no such run launcher, or none that does without options."""
        try:
            self._registry.launcher(key)
        except KeyError:
            keys = self._registry.launcher_keys
            near = nearest(key, keys)
            advice = f"Did you mean {near}?" if near is not None else f"There are: {', '.join(keys)}."
            raise LocationError(ErrorKind.RUN_LAUNCHER_NOT_FOUND, key=key, advice=advice) from None
        except PluginError as error:
            raise LocationError(reason=str(error)) from None
        errors = without_options(key, self._registry).errors
        if errors:
            problems = " ".join(problem.message for problem in errors)
            raise LocationError(ErrorKind.RUN_LAUNCHER_NEEDS_OPTIONS, key=key, problems=problems)


@contextlib.contextmanager
def _guarding(key: str, distribution: str, secrets: Collection[str]) -> Iterator[None]:
    masker = Masker(secrets)
    try:
        yield
    except KindError as error:
        shown = masker.value(error.fields)
        if shown == error.fields:
            raise
        error.fields, error.args = shown, (error.kind, shown)
        raise error from None
    except SkerryError:
        raise
    # A run launcher is somebody else's code.
    except (Exception, SystemExit) as error:
        words = words_of_failure(error)
        reason = masker.text(words)
        failed = LocationError(ErrorKind.RUN_LAUNCHER_FAILED, key=key, distribution=distribution, reason=reason)
        raise failed from (error if reason == words else None)
