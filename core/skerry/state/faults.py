"""What the drivers of databases raise, as kinds of errors of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from skerry.errors import ErrorKind, StateError

_SQLITE: Mapping[int, ErrorKind] = {
    sqlite3.SQLITE_BUSY: ErrorKind.DATABASE_UNAVAILABLE,
    sqlite3.SQLITE_LOCKED: ErrorKind.DATABASE_UNAVAILABLE,
    sqlite3.SQLITE_PROTOCOL: ErrorKind.DATABASE_UNAVAILABLE,
    sqlite3.SQLITE_READONLY: ErrorKind.DATABASE_NOT_WRITABLE,
    sqlite3.SQLITE_FULL: ErrorKind.DATABASE_NOT_WRITABLE,
    sqlite3.SQLITE_IOERR: ErrorKind.DATABASE_NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: ErrorKind.DATABASE_NOT_WRITABLE,
    sqlite3.SQLITE_PERM: ErrorKind.DATABASE_NOT_WRITABLE,
    sqlite3.SQLITE_CORRUPT: ErrorKind.DATABASE_DAMAGED,
    sqlite3.SQLITE_NOTADB: ErrorKind.DATABASE_DAMAGED,
}
#: Beginnings of the codes of the SQL standard and of PostgreSQL.
_SQLSTATES: Mapping[str, ErrorKind] = {
    "08": ErrorKind.DATABASE_UNAVAILABLE,  # the connection
    "57P0": ErrorKind.DATABASE_UNAVAILABLE,  # the server is stopped or starts
    "53300": ErrorKind.DATABASE_UNAVAILABLE,  # too many connections
    "55P03": ErrorKind.DATABASE_UNAVAILABLE,  # a lock that was not had in time
    "40": ErrorKind.DATABASE_UNAVAILABLE,  # rolled back for another's sake
    "53100": ErrorKind.DATABASE_NOT_WRITABLE,  # the disk is full
    "25006": ErrorKind.DATABASE_NOT_WRITABLE,  # a standby
    "XX001": ErrorKind.DATABASE_DAMAGED,
    "XX002": ErrorKind.DATABASE_DAMAGED,
}
#: A server that answers like this will do so again. PostgreSQL's library gives no codes before there is a connection.
_REFUSALS = ("authentication failed", "no pg_hba.conf entry", "does not exist", "no password supplied")

_SQLITE_ADVICE: Mapping[ErrorKind, str] = {
    ErrorKind.DATABASE_UNAVAILABLE: "Another program holds it: look for one that was stopped in the middle of a write.",
    ErrorKind.DATABASE_NOT_WRITABLE: "Free space on its disk, or give this user the right to write in its folder.",
    ErrorKind.DATABASE_DAMAGED: "Move it away, and its -wal and -shm with it: the index is rebuilt from the journals.",
}
_ADVICE: Mapping[ErrorKind, str] = {
    ErrorKind.DATABASE_UNAVAILABLE: "Look at the server and its log; correct the URL if it names another one.",
    ErrorKind.DATABASE_NOT_WRITABLE: "Free space on the server's disk, or name the server that takes writes.",
    ErrorKind.DATABASE_DAMAGED: "Name another database: the index is rebuilt from the journals.",
    ErrorKind.DATABASE_FAILED: "Correct the URL, or what the server allows its user.",
}


def kind_of(error: DBAPIError) -> ErrorKind:
    """Tell what is wrong; of DATABASE_UNAVAILABLE alone the next try may be better."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, ErrorKind.DATABASE_FAILED)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        found = (kind for begin, kind in _SQLSTATES.items() if state.startswith(begin))
        return next(found, ErrorKind.DATABASE_FAILED)
    lost = error.connection_invalidated or isinstance(error, OperationalError)
    refused = any(refusal in str(error.orig) for refusal in _REFUSALS)
    return ErrorKind.DATABASE_UNAVAILABLE if lost and not refused else ErrorKind.DATABASE_FAILED


def fault(url: URL, kind: ErrorKind, reason: str, **fields: object) -> StateError:
    """Make the error of this kind, with what to do about it. ``reason``: the driver's words, or ours."""
    advice = {**_ADVICE, **_SQLITE_ADVICE} if url.get_backend_name() == "sqlite" else _ADVICE
    first = next(iter(reason.splitlines()), "").strip().rstrip(".")
    return StateError(kind, database=shown(url), reason=first, advice=advice[kind], **fields)


def shown(url: URL) -> str:
    """Give what a person calls the database: its file, or its URL without secrets."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    hidden = [name for name in url.query if "password" in name.lower()]
    return url.difference_update_query(hidden).render_as_string(hide_password=True)
