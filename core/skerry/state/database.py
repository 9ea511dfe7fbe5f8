"""One database: its connections, its transactions, and how long it is waited for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from skerry.errors import ErrorKind, StateError
from skerry.state.faults import fault, kind_of

#: Seconds that a call waits for a database that is locked or away.
WAITING = 30.0
#: Seconds between two tries: at first, and at last.
_PAUSES = (0.05, 1.0)
#: Seconds that SQLite itself waits, during which nothing interrupts it, not even Ctrl-C.
_BUSY = 1.0
#: Which statement begins a transaction in SQLite; none for what must not be in one.
_BEGIN = "skerry_begin"

Result = TypeVar("Result")
Operation = Callable[[Connection], Result]


class Database:
    """Runs operations, each in a transaction of its own. Thread-safe; ``close`` ends it."""

    def __init__(self, url: URL) -> None:
        """Connects to nothing yet. Raises ImportError where the driver is not installed."""
        self.url = url
        self._engine = _sqlite_engine(url) if self.is_sqlite else _server_engine(url)
        self._calls = 0
        self._changed = threading.Condition()
        self._closed = threading.Event()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    def read(self, operation: Operation[Result]) -> Result:
        """Run an operation that changes nothing. Raises StateError."""
        return self._run(operation, "BEGIN")

    def write(self, operation: Operation[Result]) -> Result:
        """Run an operation that changes something, all of it or nothing. Raises StateError.

        Where the connection is lost it is run again; it may be that the first time was done, too. SQLite has one
        writer at a time: that this one is to write is said at once, or it could find out in the middle that it may not.
        """
        return self._run(operation, "BEGIN IMMEDIATE")

    def outside_transaction(self, operation: Operation[Result]) -> Result:
        """Run what SQLite refuses within a transaction. Raises StateError."""
        return self._run(operation, "")

    def close(self) -> None:
        """Close all connections, once the calls under way have ended; those that wait give up. Idempotent."""
        self._closed.set()
        with self._changed:
            self._changed.wait_for(lambda: self._calls == 0)
        self._engine.dispose()

    def _run(self, operation: Operation[Result], begin: str) -> Result:
        began = time.monotonic()
        pause, longest = _PAUSES
        with self._call():
            while True:
                try:
                    with self._engine.connect() as connection:
                        connection.execution_options(**{_BEGIN: begin})
                        with connection.begin():
                            return operation(connection)
                except DBAPIError as error:
                    kind, cause = kind_of(error), error.orig or error
                except NoConnectionError as error:
                    kind, cause = ErrorKind.DATABASE_UNAVAILABLE, error
                waited = time.monotonic() - began
                if kind is not ErrorKind.DATABASE_UNAVAILABLE or waited + pause > WAITING:
                    raise fault(self.url, kind, str(cause), seconds=round(waited, 1)) from cause
                if self._closed.wait(pause):
                    raise _closed()
                pause = min(2 * pause, longest)

    @contextlib.contextmanager
    def _call(self) -> Iterator[None]:
        with self._changed:
            if self._closed.is_set():
                raise _closed()
            self._calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()


def _closed() -> StateError:
    return StateError(ErrorKind.NOT_OPENED, reason="The index of runs is closed.")


def _sqlite_engine(url: URL) -> Engine:
    busy = {"timeout": min(_BUSY, WAITING)}
    # Parameters are run configs: in whatever shows a driver's error they have no place.
    engine = create_engine(url, hide_parameters=True, pool_timeout=WAITING, connect_args=busy)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        # Otherwise the driver begins transactions by itself, late, and not before statements that change tables.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # With WAL that loses nothing when a process dies, and keeps the file whole when the power does.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        statement = connection.get_execution_options()[_BEGIN]
        if statement:
            connection.exec_driver_sql(statement)

    return engine


def _server_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=WAITING,
        connect_args=_postgresql_arguments(url) if url.get_backend_name() == "postgresql" else {},
    )
    if url.get_backend_name() == "postgresql":

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(WAITING * 1000)}")

    return engine


def _postgresql_arguments(url: URL) -> dict[str, Any]:
    """Give what the driver is told unless the URL says otherwise."""
    defaults = {
        "connect_timeout": max(2, int(WAITING)),  # seconds; it takes 1 for 2
        "tcp_user_timeout": int(WAITING * 1000),  # milliseconds until a silent network counts as a broken connection
        "prepare_threshold": None,  # behind a pooler each transaction may have another connection
    }
    return {name: value for name, value in defaults.items() if name not in url.query}
