"""The fork servers of a workspace, started when first needed.

There is a clean one for each interpreter and start-up environment, and where locations want modules preloaded, another.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from skerry.code_server.clean_fork_server import CleanForkServer
from skerry.code_server.fork_server import Forker
from skerry.code_server.interpreter import Interpreter, resolve
from skerry.code_server.preloading import Preloading, PreloadRequest
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError
from skerry.plugin import LoadTarget, PythonEnvironment

#: Open files that the host may have: four for each location, and there may be a thousand.
_OPEN_FILES = 65536


class ForkServers:
    """Finds or starts the fork server for an environment. Thread-safe."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        #: As they are now: what starts later is no different from what has started.
        self._host = dict(os.environ)
        self._servers: dict[tuple[str, ...], CleanForkServer] = {}
        self._preloading: dict[tuple[str, ...], Preloading] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._open_files: int | None = None

    def get(self, environment: PythonEnvironment) -> CleanForkServer:
        """Give the clean fork server for an environment.

        It may still be starting: it takes requests all the same. Raises LocationError when there is no such
        interpreter, or it cannot be executed.
        """
        interpreter, _ = self._resolve(environment)
        return self._get(interpreter)

    def choose(
        self, environment: PythonEnvironment, target: LoadTarget, deadline: float
    ) -> tuple[Forker, dict[str, str]]:
        """Give what to ask for a user process, and the variables to set in the process itself; else as ``get``.

        ``deadline``: the ``time.monotonic()`` by which the target must be loaded.
        """
        interpreter, later = self._resolve(environment)
        server = self._get(interpreter)
        if not environment.preload:
            return server, later
        key = interpreter.key
        with self._lock:
            preloading = self._preloading.get(key)
            if preloading is None:
                preloading = Preloading(interpreter, lambda: self._get(interpreter), self._supervisor)
                self._preloading[key] = preloading
        return PreloadRequest(preloading, environment, target, deadline), later

    def _resolve(self, environment: PythonEnvironment) -> tuple[Interpreter, dict[str, str]]:
        if not hasattr(os, "fork"):
            raise LocationError(ErrorKind.UNSUPPORTED_PLATFORM, platform=sys.platform)
        return resolve(environment, self._host)

    def _get(self, interpreter: Interpreter) -> CleanForkServer:
        key = interpreter.key
        with self._lock:
            if self._closed:
                reason = "the workspace is closed"
                raise LocationError(ErrorKind.PROCESS_NOT_STARTED, reason=reason, advice="")
            server = self._servers.get(key)
            if server is None or server.failure is not None:
                if server is not None:
                    threading.Thread(target=server.close, daemon=True).start()
                server = self._servers[key] = self._start(interpreter)
        return server

    def _start(self, interpreter: Interpreter) -> CleanForkServer:
        if self._open_files is None:
            self._open_files = _raise_open_files()
        return CleanForkServer(interpreter, self._open_files, self._supervisor)

    def close(self) -> None:
        """End all of them and whatever they forked. Idempotent."""
        with self._lock:
            self._closed = True
            servers, self._servers = list(self._servers.values()), {}
            preloading, self._preloading = list(self._preloading.values()), {}
        for one in preloading:
            one.close()
        for server in servers:
            server.close()


def _raise_open_files() -> int:
    """Raise this process's soft limit of open files; gives the one it had."""
    import resource  # not on Windows, where this module is imported all the same

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return soft
