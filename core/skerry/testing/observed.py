"""A location type between the workspace and itself: does what it does, and keeps what it gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from skerry.model import Evaluation, EvaluationResult, Origin
from skerry.plugin import CodeServer, EntryContext, LocationType, Runtime, ServerStatus
from skerry.plugin.registry import Registry

#: Cache folders that were filled: the key, the folder in which it was made, and the one in which it is kept.
Filled: TypeAlias = list[tuple[str, Path, Path]]


class ObservedCodeServer(CodeServer):
    """Passes everything on. ``close_error``: what its ``close`` raised, if it did, which the workspace is spared."""

    def __init__(self, inner: CodeServer) -> None:
        self._inner = inner
        self.close_error: BaseException | None = None

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        self._inner.watch(observer)

    def output(self) -> str:
        """See ``CodeServer``."""
        return self._inner.output()

    def evaluate(self, evaluation: Evaluation, timeout: float) -> EvaluationResult:
        """See ``CodeServer``."""
        return self._inner.evaluate(evaluation, timeout)

    def close(self) -> None:
        """See ``CodeServer``."""
        try:
            self._inner.close()
        except BaseException as error:  # raised in a thread of the workspace's it would be lost
            self.close_error = self.close_error or error


class ObservedRuntime:
    """Passes everything on. ``filled``: where it notes the cache folders."""

    def __init__(self, inner: Runtime, filled: Filled) -> None:
        self._inner = inner
        self._filled = filled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def cache_folder(self, key: str, fill: Callable[[Path], None]) -> Path:
        """See ``skerry.plugin.Runtime``."""
        made_in: list[Path] = []

        def observed(folder: Path) -> None:
            made_in.append(folder)
            fill(folder)

        kept = self._inner.cache_folder(key, observed)
        self._filled.extend((key, folder, kept) for folder in made_in)
        return kept


class ObservedType(LocationType):
    """Passes everything on. ``servers``: the code servers that ``open`` gave, in order; ``filled``: what it kept."""

    def __init__(self, inner: LocationType) -> None:
        self._inner = inner
        self.servers: list[ObservedCodeServer] = []
        self.filled: Filled = []
        for name in ("key", "summary", "schema", "shorthand", "deprecated"):
            setattr(self, name, getattr(inner, name))

    def normalize(self, options: Mapping[str, Any], context: EntryContext) -> Mapping[str, Any]:
        """See ``LocationType``."""
        return self._inner.normalize(options, context)

    def default_name(self, options: Mapping[str, Any]) -> str:
        """See ``LocationType``."""
        return self._inner.default_name(options)

    def open(self, origin: Origin, runtime: Runtime) -> CodeServer:
        """See ``LocationType``."""
        server = self._inner.open(origin, ObservedRuntime(runtime, self.filled))
        if not isinstance(server, CodeServer):
            return server  # the workspace says what is wrong with that
        observed = ObservedCodeServer(server)
        self.servers.append(observed)
        return observed

    def watch_paths(self, origin: Origin) -> Iterable[Path]:
        """See ``LocationType``."""
        return self._inner.watch_paths(origin)


class ObservedRegistry(Registry):
    """The installed location types, with an observed one in the place of its own."""

    def __init__(self, observed: ObservedType) -> None:
        super().__init__()
        self._observed = observed

    def get(self, key: str) -> LocationType:
        """See ``Registry``."""
        found = super().get(key)  # registers the plugin's other hooks, too
        return self._observed if key == self._observed.key else found
