"""From a folder or a URL to a database whose tables are those of this Skerry."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

import skerry
from skerry.errors import ErrorKind, StateError
from skerry.state.database import Database
from skerry.state.faults import shown
from skerry.state.schema import REVISION, REVISION_TABLE

FILE = "runs.sqlite"
#: Held while tables are made; a number that only has to be ours.
_ADVISORY_LOCK = 0x736B65727279


def open_database(folder: Path, url: str | None) -> Database:
    """Open it, make or migrate its tables. Raises StateError."""
    database = _database(_own(folder / FILE) if url is None else _read(url))
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _own(file: Path) -> URL:
    # Run configs are nobody else's business; SQLite's helpers beside the file are made as that is.
    with contextlib.suppress(OSError):  # which SQLite will meet and tell
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return URL.create("sqlite", database=str(file))


def _read(url: str) -> URL:
    try:
        read = make_url(url)
    except (ArgumentError, ValueError) as error:  # whose words may have the password in them
        raise StateError(ErrorKind.DATABASE_URL_INVALID, reason="it is not of the form below") from error
    if read.drivername in ("postgresql", "postgres"):
        read = read.set(drivername="postgresql+psycopg")
    backend = read.get_backend_name()
    if backend == "sqlite":
        if read.database in (None, "", ":memory:"):
            raise StateError(ErrorKind.DATABASE_URL_INVALID, reason="it names no file, and the index is to be kept")
        if not read.database.startswith("file:"):  # SQLite's own form says more, and SQLite reads it
            _check_file(Path(read.database))
    elif backend != "postgresql":
        raise StateError(ErrorKind.DATABASE_URL_INVALID, reason=f"{backend!r} is no database that is supported")
    return read


def _check_file(file: Path) -> None:
    """Raise StateError for what can be no file of a database, and for one that would depend on the current folder."""
    if not file.is_absolute():
        reason = f"its file {str(file)!r} would be another one in each folder"
    elif file.is_dir():
        reason = f"{file} is a folder"
    elif not file.parent.is_dir():
        reason = f"the folder {file.parent} is not there"
    else:
        return
    raise StateError(ErrorKind.DATABASE_URL_INVALID, reason=reason)


def _database(url: URL) -> Database:
    try:
        return Database(url)
    except ArgumentError as error:
        reason = f"SQLAlchemy knows no database {url.drivername!r}"
        raise StateError(ErrorKind.DATABASE_URL_INVALID, reason=reason) from error
    except ImportError as error:
        extra = "runs,postgresql" if url.get_backend_name() == "postgresql" else "runs"
        module = error.name or url.get_driver_name()
        fields = {"what": f"The database {shown(url)}", "module": module, "requirement": f"skerry[{extra}]"}
        raise StateError(ErrorKind.EXTRA_NOT_INSTALLED, **fields) from error


def _bring_up_to_date(database: Database) -> None:
    found = database.read(_revision)
    if found == REVISION:
        return
    _refuse_newer(database.url, found)
    if database.is_sqlite:
        # Kept in the file. Those who read do not wait for those who write, nor the other way round.
        database.outside_transaction(lambda connection: connection.exec_driver_sql("PRAGMA journal_mode = WAL"))
    database.write(lambda connection: _upgrade(connection, database.url))


def _revision(connection: Connection) -> str | None:
    """Give the revision that the tables have; None where there are none yet."""
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    return connection.execute(select(column("version_num")).select_from(table(REVISION_TABLE))).scalar()


def _upgrade(connection: Connection, url: URL) -> None:
    from skerry.state import migrating  # Alembic takes as long to import as all the rest

    # In SQLite nobody else writes now. Of two hosts that open it at the same moment one finds it done.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    _refuse_newer(url, _revision(connection))
    migrating.upgrade(connection)


def _refuse_newer(url: URL, revision: str | None) -> None:
    from skerry.state import migrating

    if revision is not None and revision not in migrating.known_revisions():
        fields = {"database": shown(url), "revision": revision, "ours": skerry.__version__}
        raise StateError(ErrorKind.DATABASE_TOO_NEW, **fields)
