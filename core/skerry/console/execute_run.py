"""Executes one run, and tells it on stdout: what containers do for a run launcher."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from skerry.model import ErrorInfo, RunEvent, RunOptions, RunStatus, State

if TYPE_CHECKING:
    from skerry.workspace import LaunchedRun, Location

#: Seconds between two looks whether the code has loaded, and whether something was printed.
_LOOK = 0.02
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Request:
    """What to execute. ``entry``: an item of ``load_from``; ``options``: its pipeline and how to run that."""

    run_id: str
    options: RunOptions
    entry: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> Request:
        """Read it from JSON. Raises ValueError with a sentence."""
        try:
            written = json.loads(text)
            run_id, entry, options = written["run_id"], written["entry"], RunOptions.from_json(written["options"])
        except (ValueError, RecursionError) as error:
            raise ValueError(f"it is no JSON: {error}") from error
        except KeyError as error:
            raise ValueError(f"it has no {error}") from error
        except (TypeError, AttributeError) as error:
            raise ValueError(f"it has another shape: {error}") from error
        shapes = ((run_id, str), (options.pipeline, str), (options.run_config, dict), (entry, dict))
        if not all(isinstance(value, shape) for value, shape in shapes):
            raise ValueError("`run_id` and the pipeline are strings, `entry` and the run config are mappings")
        if options.parent_id is not None:
            raise ValueError("it asks for a run after another, and no other run is kept here")
        return cls(run_id, options, entry)


def execute(request: Request) -> int:
    """Execute it; each event is a line on stdout, what is printed goes to stderr. Gives the exit code.

    Whatever is wrong is an event, too. SIGINT and SIGTERM cancel the run.
    """
    from skerry.workspace import Workspace

    cancellation = _Cancellation()
    with (
        tempfile.TemporaryDirectory(prefix="skerry-run-") as folder,
        Workspace.from_entries([request.entry], state_folder=folder) as workspace,
    ):
        (location,) = workspace
        location.load()
        while not location.wait(_LOOK):
            if cancellation.is_wanted:
                return _end(RunStatus.CANCELED)
        try:
            launched = _launch(request, location)
        except _Refused as refused:
            return _end(RunStatus.FAILED, refused.error)
        cancellation.of(launched)
        _tell(launched, Path(folder) / "runs" / launched.id)
        cancellation.end()
    return 0 if launched.run.status is RunStatus.SUCCEEDED else 1


class _Refused(Exception):  # noqa: N818  # it carries an error that is described already
    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


def _launch(request: Request, location: Location) -> LaunchedRun:
    """Launch it. Raises _Refused."""
    from skerry.errors import LocationError, RunError

    state = location.snapshot
    if state.state is not State.READY and state.error is not None:
        raise _Refused(state.error)
    try:
        return location.launch_as(request.options, run_id=request.run_id)
    except (LocationError, RunError) as error:
        raise _Refused(ErrorInfo(error.kind, str(error))) from error


def _tell(launched: LaunchedRun, folder: Path) -> None:
    output = _Output(folder)
    try:
        for event in launched.events():
            if event.is_end:
                # Whoever follows the lines may take what is on stderr for all of it once they know the end.
                launched.output()  # waits until nobody prints any more
                output.end()
            _write(event)
    finally:
        output.end()


def _end(status: RunStatus, error: ErrorInfo | None = None) -> int:
    """Tell the end of a run that has not begun; gives the exit code."""
    from skerry.execution import EventType

    data: dict[str, Any] = {"failed": []} if status is RunStatus.FAILED else {}
    _write(RunEvent(1, time.time(), EventType(f"RUN_{status.value}"), None, data, error))
    return 1


def _write(event: RunEvent) -> None:
    click.echo(json.dumps(event.to_json(), separators=(",", ":")))


class _Cancellation:
    """SIGINT and SIGTERM, from when it is made; they may come before there is a run, and again."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._launched: LaunchedRun | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def of(self, launched: LaunchedRun) -> None:
        """Cancel this run from now on, and now if that was wanted before."""
        self._launched = launched
        if self.is_wanted:
            launched.cancel()

    def end(self) -> None:
        """Take no more of them: it is over, and what it has left is being removed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def _take(self, number: int, frame: FrameType | None) -> None:
        first, self.is_wanted = not self.is_wanted, True
        if first and self._launched is not None:
            self._launched.cancel()


class _Output:
    """Passes on to stderr what the run prints, as it comes, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        """``folder``: of the run."""
        from skerry.user_process.run_output import OUTPUT, OUTPUT_BEFORE

        self._path, self._before = folder / OUTPUT, folder / OUTPUT_BEFORE
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="skerry-output", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Pass on the rest: nothing more comes. Idempotent."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # nobody reads our stderr any more; the run goes on
            for data in self._parts():
                sys.stderr.buffer.write(data)
                sys.stderr.buffer.flush()

    def _parts(self) -> Iterator[bytes]:
        part = None
        try:
            while True:
                ending = self._ended.is_set()
                if part is not None:
                    yield from _rest(part)
                following = self._after(part)
                if part is not None and following is not None:
                    yield from _rest(part)  # it was full only after the first look
                    part.close()
                part = following or part
                if following is None and ending:
                    return
                if following is None:
                    self._ended.wait(_LOOK)
        finally:
            if part is not None:
                part.close()

    def _after(self, part: BinaryIO | None) -> BinaryIO | None:
        """Open the part that follows, the first one after None; gives None while there is none."""
        if part is not None and _is(self._path, part):
            return None  # it grows
        for path in (self._before, self._path):
            with contextlib.suppress(FileNotFoundError):
                if part is None or not _is(path, part):
                    return open(path, "rb", buffering=0)
        return None


def _rest(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data


def _is(path: Path, file: BinaryIO) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    return False
