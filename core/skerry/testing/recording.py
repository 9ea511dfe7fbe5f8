"""A Runtime that records what it is asked for and starts nothing, for fast tests of ``open``."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skerry.model import State
from skerry.plugin import CodeServer, LoadTarget, PythonEnvironment, ServerStatus, Tls


class RecordedCodeServer(CodeServer):
    """A code server without a process. It stays LOADING until the test says otherwise with ``tell``."""

    def __init__(self) -> None:
        self.status = ServerStatus(State.LOADING)
        self.written = ""
        self.closed = False
        self._observer: Callable[[ServerStatus], None] | None = None

    def tell(self, status: ServerStatus) -> None:
        """Move to ``status`` and tell the observer, unless it is closed."""
        self.status = status
        if self._observer is not None:
            self._observer(status)

    def watch(self, observer: Callable[[ServerStatus], None]) -> None:
        """See ``CodeServer``."""
        self._observer = observer
        observer(self.status)

    def output(self) -> str:
        """Give ``written``."""
        return self.written

    def close(self) -> None:
        """See ``CodeServer``; ``closed`` tells that it was called."""
        self.closed = True
        self._observer = None


@dataclass(frozen=True)
class Spawned:
    """One call of ``spawn_python``, and the code server that it was given."""

    target: LoadTarget
    environment: PythonEnvironment
    server: RecordedCodeServer


@dataclass(frozen=True)
class Connected:
    """One call of ``connect``: its arguments, and the code server that it was given."""

    address: str
    server: RecordedCodeServer
    tls: Tls | None = None
    token: str | None = None
    token_file: str | None = None


@dataclass(frozen=True)
class Started:
    """One call of ``spawn``: its arguments, and the code server that it was given."""

    argv: tuple[str, ...]
    address: str
    server: RecordedCodeServer
    cwd: str | Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    tls: Tls | None = None
    token: str | None = None


@dataclass(frozen=True)
class CommandRun:
    """One call of ``run``: its arguments, as they were given."""

    argv: tuple[str, ...]
    cwd: str | Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    check: bool = True


#: Stands for a command: given the call, it gives what the command would have, or raises LocationError.
Answer = Callable[[CommandRun], "subprocess.CompletedProcess[str]"]


def succeed(command: CommandRun) -> subprocess.CompletedProcess[str]:
    """Answer as a command does that prints nothing and ends with 0."""
    return subprocess.CompletedProcess(list(command.argv), 0, stdout="", stderr="")


class RecordingRuntime:
    """A ``skerry.plugin.Runtime`` for one call of ``open``.

    ``spawned``, ``connected``, ``started``, ``commands``, ``texts`` and ``cached`` are the calls, in order; ``started``
    are those of ``spawn``. ``folder``: where ``cache_folder`` makes its folders, one for each key. ``startup_timeout``:
    seconds until ``deadline``. ``answer``: stands for every command; by default each succeeds and prints nothing.
    """

    def __init__(self, folder: Path, startup_timeout: float = 180.0, answer: Answer = succeed) -> None:
        self.deadline = time.monotonic() + startup_timeout
        self.spawned: list[Spawned] = []
        self.connected: list[Connected] = []
        self.started: list[Started] = []
        self.commands: list[CommandRun] = []
        self.texts: list[str] = []
        self.cached: list[str] = []
        self._folder = folder
        self._answer = answer

    def spawn_python(self, target: LoadTarget, environment: PythonEnvironment) -> CodeServer:
        """Record the call; gives a code server that stays LOADING."""
        server = RecordedCodeServer()
        self.spawned.append(Spawned(target, environment, server))
        return server

    def connect(
        self, address: str, *, tls: Tls | None = None, token: str | None = None, token_file: str | None = None
    ) -> CodeServer:
        """Record the call; gives a code server that stays LOADING."""
        server = RecordedCodeServer()
        self.connected.append(Connected(address, server, tls, token, token_file))
        return server

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
        """Record the call; gives a code server that stays LOADING."""
        server = RecordedCodeServer()
        self.started.append(Started(tuple(argv), address, server, cwd, dict(env or {}), tls, token))
        return server

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Record the call; gives what ``answer`` gives."""
        command = CommandRun(tuple(argv), cwd, dict(env or {}), timeout, check)
        self.commands.append(command)
        return self._answer(command)

    def private_folder(self) -> Path:
        """Give a new folder below ``folder``, which stays."""
        return Path(tempfile.mkdtemp(prefix="private-", dir=self._folder))

    def progress(self, text: str) -> None:
        """Record the text."""
        self.texts.append(text)

    def cache_folder(self, key: str, fill: Callable[[Path], None]) -> Path:
        """Give one folder for each key, filled when the key is first asked for."""
        if key not in self.cached:
            folder = self._folder / str(len(self.cached))
            folder.mkdir(parents=True)
            fill(folder)
            self.cached.append(key)
        return self._folder / str(self.cached.index(key))
