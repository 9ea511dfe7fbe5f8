"""Runs a code server: its workspace of one location, its log, and what its code prints."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from skerry.code_server import Backlog, Processes
from skerry.model import Cause, LocationState, State
from skerry.rpc.address import Address

logger = logging.getLogger("skerry.server")

#: Bytes of what user code prints that wait while nobody reads our stdout; beyond, the oldest are dropped.
WAITING = 4 * 1024 * 1024


@dataclass(frozen=True)
class How:
    """What the command line asks for. ``tls``: the fields of ``ServerTls``."""

    address: Address
    tls: tuple[str, str, str | None] | None
    token_file: str | None
    insecure: bool
    watch: bool
    exit_without_clients: float | None
    log_format: str


def listen(entry: Mapping[str, Any], how: How) -> int:
    """Serve ``entry`` until a signal ends it; gives the exit code."""
    _log_to_stderr(how.log_format)
    relay = Relay(how.log_format)
    processes = Processes(relay.take)
    processes.prepare()  # the fork server gets ready while what follows is imported
    from skerry.errors import LocationError, WorkspaceFileError
    from skerry.rpc.credentials import ServerTls
    from skerry.rpc.server import Serving, serve
    from skerry.workspace import ServedLocation, ServedRuns, Workspace

    try:
        # What belongs to one client prints for that one, which keeps it.
        kept = how.exit_without_clients is None
        workspace = Workspace.from_entries([entry], Path.cwd(), processes, log_output=kept)
    except WorkspaceFileError as error:
        click.echo(str(error), err=True)
        return 2
    with workspace:
        (location,) = workspace.locations
        if location.origin is None:
            for problem in location.problems:
                click.echo(f"{problem.message}\n{problem.hint}", err=True)
            return 2
        workspace.subscribe(_tell)
        if how.watch:
            workspace.watch()
        serving = Serving(
            address=how.address,
            target=_target(entry),
            image=os.environ.get("SKERRY_CURRENT_IMAGE"),
            tls=ServerTls(*how.tls) if how.tls is not None else None,
            token_file=how.token_file,
            insecure=how.insecure,
            exit_without_clients=how.exit_without_clients,
        )
        try:
            serve(serving, ServedLocation(workspace, location), ServedRuns(workspace, location))
        except LocationError as error:
            click.echo(str(error), err=True)
            return 1
    relay.close()
    return 0


def _target(entry: Mapping[str, Any]) -> str:
    ((key, options),) = entry.items()
    what = next(iter(options.values()))
    return str(Path(what).absolute()) if key == "python_file" else str(what)


def _tell(name: str, old: LocationState | None, new: LocationState) -> None:
    """Log what became of the code."""
    if new.last_move is None or (old is not None and old.last_move is new.last_move):
        return
    if new.stale and new.error is not None and new.last_move.cause is Cause.FILES_CHANGED:
        # Who asks for a reload is told by the server.
        logger.error("the reload of %s failed, %s changed: %s", name, new.last_move.detail, new.error.message)
    if old is not None and (old.state, old.stale, old.server) == (new.state, new.stale, new.server):
        return
    if new.state is State.READY and new.server is not None and not new.stale:
        logger.info("generation %s of %s is READY", new.server.generation, name)
    elif new.state is State.FAILED and new.error is not None:
        logger.error("%s FAILED: %s", name, new.error.message)


class Relay:
    """Passes what user code prints on to our stdout, in a thread of its own: nobody waits for a slow reader."""

    def __init__(self, log_format: str) -> None:
        self._lines = log_format == "json"
        self._backlog = Backlog(WAITING)
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="skerry-relay", daemon=True)
        self._thread.start()

    def take(self, data: bytes) -> None:
        """Take what was printed; never blocks."""
        with self._changed:
            self._backlog.put(data)
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, for as long as somebody reads it."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(2.0)

    def _run(self) -> None:
        pending = b""
        try:
            while True:
                data, dropped = self._next()
                if dropped:
                    logger.warning("%d bytes of output were dropped: stdout is not read fast enough", dropped)
                if data is None:
                    break
                if not self._lines:
                    _write(data)
                    continue
                *whole, pending = (pending + data).split(b"\n")
                for line in whole:
                    _write(_as_json(line))
            if pending:
                _write(_as_json(pending))
        except OSError:
            self._discard()  # nobody reads our stdout any more; the server goes on

    def _next(self) -> tuple[bytes | None, int]:
        with self._changed:
            self._changed.wait_for(lambda: self._backlog or self._closed)
            data, dropped = self._backlog.take()
            return data or None, dropped

    def _discard(self) -> None:
        while self._next()[0] is not None:
            pass


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _as_json(line: bytes) -> bytes:
    message = line.decode("utf-8", "backslashreplace").rstrip("\r")
    return json.dumps(_record("INFO", "user_code", message), ensure_ascii=False).encode() + b"\n"


def _record(level: str, name: str, message: str) -> dict[str, str]:
    return {"time": datetime.now(UTC).isoformat(), "level": level, "logger": name, "message": message}


class _JsonFormatter(logging.Formatter):
    """A line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _record(record.levelname, record.name, record.getMessage())
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def _log_to_stderr(log_format: str) -> None:
    handler = logging.StreamHandler()
    if log_format == "json":
        handler.setFormatter(_JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
