"""A code server together with what its location type was given to open it."""

from __future__ import annotations

from collections.abc import Callable

from skerry.model import ReloadResult
from skerry.plugin import CodeServer, ServerStatus
from skerry.workspace.runtime import LocationRuntime


class OpenedCodeServer(CodeServer):
    """What ``open`` gave; closing it also ends what its runtime holds."""

    def __init__(self, server: CodeServer, runtime: LocationRuntime) -> None:
        self.owned = server.owned
        self._server = server
        self._runtime = runtime

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        self._server.watch(observer)

    def output(self) -> str:
        """See ``CodeServer``."""
        return self._server.output()

    def reload(self) -> ReloadResult | None:
        """See ``CodeServer``."""
        return self._server.reload()

    def close(self) -> None:
        """See ``CodeServer``."""
        try:
            self._server.close()
        finally:
            self._runtime.close()
