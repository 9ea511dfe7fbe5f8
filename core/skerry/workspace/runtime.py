"""The ``Runtime`` that a location type is given for one load of one location."""

from __future__ import annotations

import time
from collections.abc import Callable

from skerry.code_server import LoadRequest, LocalCodeServer, Processes
from skerry.model import Origin
from skerry.plugin import CodeServer, LoadTarget, PythonEnvironment


class LocationRuntime:
    """See ``skerry.plugin.Runtime``."""

    def __init__(
        self,
        origin: Origin,
        startup_timeout_place: str,
        processes: Processes,
        progress: Callable[[str], None],
    ) -> None:
        self.deadline = time.monotonic() + origin.startup_timeout
        self._origin = origin
        self._startup_timeout_place = startup_timeout_place
        self._processes = processes
        self._progress = progress

    def spawn_python(self, target: LoadTarget, environment: PythonEnvironment) -> CodeServer:
        """See ``skerry.plugin.Runtime``."""
        request = LoadRequest(
            target=target,
            environment=environment,
            folder=self._origin.folder,
            startup_timeout=self._origin.startup_timeout,
            startup_timeout_place=self._startup_timeout_place,
        )
        return LocalCodeServer(request, self._processes)

    def progress(self, text: str) -> None:
        """See ``skerry.plugin.Runtime``."""
        self._progress(text)
