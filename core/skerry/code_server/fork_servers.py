"""The fork servers of a workspace: one for each interpreter and start-up environment, started when first needed."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from skerry.code_server.fork_server import ForkServer
from skerry.code_server.interpreter import Interpreter, resolve
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError
from skerry.plugin import PythonEnvironment

#: Open files that the host may have: four for each location, and there may be a thousand.
_OPEN_FILES = 65536


class ForkServers:
    """Finds or starts the fork server for an environment. Thread-safe."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._servers: dict[tuple[str, ...], ForkServer] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._open_files: int | None = None

    def get(self, environment: PythonEnvironment) -> tuple[ForkServer, dict[str, str]]:
        """Give the fork server, and the variables to set in the user process itself.

        It may still be starting: it takes requests all the same. Raises LocationError when there is no such
        interpreter, or it cannot be executed.
        """
        if not hasattr(os, "fork"):
            raise LocationError(ErrorKind.UNSUPPORTED_PLATFORM, platform=sys.platform)
        interpreter, later = resolve(environment)
        with self._lock:
            if self._closed:
                reason = "the workspace is closed"
                raise LocationError(ErrorKind.PROCESS_NOT_STARTED, reason=reason, advice="")
            server = self._servers.get(interpreter.key)
            if server is None or server.failure is not None:
                if server is not None:
                    threading.Thread(target=server.close, daemon=True).start()
                server = self._servers[interpreter.key] = self._start(interpreter)
        return server, later

    def _start(self, interpreter: Interpreter) -> ForkServer:
        if self._open_files is None:
            self._open_files = _raise_open_files()
        return ForkServer(interpreter, self._open_files, self._supervisor)

    def close(self) -> None:
        """End all of them and whatever they forked. Idempotent."""
        with self._lock:
            self._closed = True
            servers, self._servers = list(self._servers.values()), {}
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
