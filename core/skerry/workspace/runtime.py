"""The ``Runtime`` that a location type is given for one load of one location."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from skerry.code_server import LoadRequest, LocalCodeServer, OpenLog, Processes
from skerry.errors import ErrorKind, LocationError
from skerry.model import Origin
from skerry.plugin import CodeServer, LoadTarget, PythonEnvironment, Tls
from skerry.workspace.cache import Cache
from skerry.workspace.commands import Commands, closed_error, failed, words

#: Seconds between two looks at a cache folder that somebody else fills.
_CACHE_POLL = 0.05
#: Bytes of the folder in which private folders are made, so that sockets' paths (107) have room in them.
_SHORT = 60


class LocationRuntime:
    """See ``skerry.plugin.Runtime``. ``close`` is the workspace's: it ends what the location type has begun."""

    def __init__(
        self,
        origin: Origin,
        startup_timeout_place: str,
        generation: int,
        processes: Processes,
        cache: Cache,
        progress: Callable[[str], None],
        *,
        again: bool = False,
        open_log: OpenLog | None = None,
    ) -> None:
        """``again``: code that was READY before has ended by itself, and is loaded again.

        ``open_log``: opens the log that is given what the code writes.
        """
        self.deadline = time.monotonic() + origin.startup_timeout
        self._origin = origin
        self._startup_timeout_place = startup_timeout_place
        self._generation = generation
        self._again = again
        self._open_log = open_log
        self._processes = processes
        self._cache = cache
        self._progress = progress
        self._commands = Commands(processes, progress)
        self._folders: list[Path] = []
        self._closed = threading.Event()

    def resolve(self, origin: Origin) -> None:
        """Take the origin that holds what references stand for in place of the storable one; the workspace's."""
        self._origin = origin

    def spawn_python(self, target: LoadTarget, environment: PythonEnvironment) -> CodeServer:
        """See ``skerry.plugin.Runtime``."""
        request = LoadRequest(
            target=target,
            environment=replace(environment, env={**environment.env, **self._origin.env}),
            folder=self._origin.folder,
            startup_timeout=self._origin.startup_timeout,
            deadline=self.deadline,
            startup_timeout_place=self._startup_timeout_place,
            generation=self._generation,
            again=self._again,
            open_log=self._open_log,
        )
        return LocalCodeServer(request, self._processes)

    def connect(
        self, address: str, *, tls: Tls | None = None, token: str | None = None, token_file: str | None = None
    ) -> CodeServer:
        """See ``skerry.plugin.Runtime``."""
        from skerry.rpc.client import connect

        return connect(address, tls, token, token_file)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        address: str,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        tls: Tls | None = None,
        token: str | None = None,
    ) -> CodeServer:
        """See ``skerry.plugin.Runtime``."""
        from skerry.rpc.spawned import SpawnedCodeServer, Start

        folder = os.path.join(self._origin.folder, cwd or "")
        variables = {**os.environ, **self._origin.env, **(env or {})}
        late = self._timed_out(f"`{words(argv)}` runs, and its server has not loaded the code")
        started = Start(argv, folder, variables, address, self.deadline, late, self._open_log)
        return SpawnedCodeServer(started, tls, token, self._processes)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """See ``skerry.plugin.Runtime``."""
        until = self.deadline if timeout is None else min(self.deadline, time.monotonic() + timeout)

        def late(tail: str) -> LocationError:
            if timeout is None or until == self.deadline:
                return self._timed_out(f"running `{words(argv)}`")
            return failed(argv, f"was stopped after {timeout:g} s", tail)

        folder = os.path.join(self._origin.folder, cwd or "")
        variables = {**self._origin.env, **(env or {})}
        return self._commands.run(argv, folder, variables, until, late, check=check)

    def private_folder(self) -> Path:
        """See ``skerry.plugin.Runtime``."""
        base = os.environ.get("XDG_RUNTIME_DIR", "")
        for parent in (base, tempfile.gettempdir(), "/tmp"):
            if os.path.isabs(parent) and len(os.fsencode(parent)) <= _SHORT and os.access(parent, os.W_OK):
                folder = Path(tempfile.mkdtemp(prefix="skerry-", dir=parent))
                self._folders.append(folder)
                if self._closed.is_set():
                    self.close()
                    raise closed_error()
                return folder
        reason = "No private folder can be made: /tmp cannot be written.\nLet this user write there, or set TMPDIR."
        raise LocationError(reason=reason)

    def progress(self, text: str) -> None:
        """See ``skerry.plugin.Runtime``."""
        self._progress(text)

    def cache_folder(self, key: str, fill: Callable[[Path], None]) -> Path:
        """See ``skerry.plugin.Runtime``."""
        return self._cache.folder(key, fill, self._wait_for_the_cache)

    def close(self) -> None:
        """End what the location type has begun, and refuse more. Idempotent.

        Called when the location is closed or given up, its code server is replaced, or ``open`` has failed.
        """
        self._closed.set()
        self._commands.close()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _wait_for_the_cache(self) -> None:
        doing = "waiting for another load to fill the cache"
        self._progress(doing)
        if time.monotonic() > self.deadline:
            raise self._timed_out(doing)
        if self._closed.wait(_CACHE_POLL):
            raise closed_error()

    def _timed_out(self, doing: str) -> LocationError:
        return LocationError(
            ErrorKind.STARTUP_TIMEOUT,
            seconds=self._origin.startup_timeout,
            doing=f" ({doing})",
            where=f" at {self._startup_timeout_place}" if self._startup_timeout_place else "",
        )
