"""The index of runs in a database."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from skerry.errors import ErrorKind, UnknownRunError
from skerry.model import Run, RunStatus
from skerry.state.database import Database
from skerry.state.faults import fault, shown
from skerry.state.moves import supersedes
from skerry.state.run_index import RunIndex
from skerry.state.schema import RUNS, TAGS
from skerry.state.searched import searched

_OVER = [status.value for status in RunStatus if status.is_over]
_NEWEST = (RUNS.c.created_at.desc(), RUNS.c.id.desc())
#: Rows of one statement; SQLite takes no more than 32 766 values.
_ROWS = 500

logger = logging.getLogger("skerry")


class SqlRunIndex(RunIndex):
    """See ``RunIndex``, whose ``open`` makes it."""

    def __init__(self, database: Database) -> None:
        """Take over a database whose tables are there."""
        self._database = database

    def put(self, run: Run) -> bool:
        """See ``RunIndex``."""
        changed = False

        def store(connection: Connection) -> None:
            nonlocal changed
            # Run again after a commit whose answer was lost, it finds its own work done.
            changed = _store(connection, run) or changed

        self._database.write(store)
        return changed

    def get(self, run_id: str) -> Run:
        """See ``RunIndex``."""
        record = self._database.read(lambda connection: _record(connection, run_id))
        if record is None:
            raise UnknownRunError(run_id, self._database.read(_ids))
        try:
            return _read(record)
        except (TypeError, ValueError) as error:
            reason = f"what it has of the run {run_id!r} cannot be read ({error})"
            raise fault(self._database.url, ErrorKind.DATABASE_DAMAGED, reason) from error

    def find(
        self,
        *,
        location: str | None = None,
        pipeline: str | None = None,
        repository: str | None = None,
        status: RunStatus | Iterable[RunStatus] | None = None,
        tags: Mapping[str, str] | None = None,
        before: float | None = None,
        limit: int = 100,
    ) -> list[Run]:
        """See ``RunIndex``."""
        wanted = select(RUNS.c.record).order_by(*_NEWEST).limit(limit)
        exactly = {RUNS.c.location: location, RUNS.c.pipeline: pipeline, RUNS.c.repository: repository}
        wanted = wanted.where(*(column == searched(value) for column, value in exactly.items() if value is not None))
        if status is not None:
            statuses = [status] if isinstance(status, RunStatus) else status
            wanted = wanted.where(RUNS.c.status.in_([searched(one.value) for one in statuses]))
        for name, value in (tags or {}).items():
            tag = (TAGS.c.run_id == RUNS.c.id, TAGS.c.name == searched(name), TAGS.c.value == searched(value))
            wanted = wanted.where(exists().where(*tag))
        if before is not None:
            wanted = wanted.where(RUNS.c.created_at < before)
        records = self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return list(self._readable(records))

    def delete(self, run_id: str) -> None:
        """See ``RunIndex``."""
        self._database.write(lambda connection: connection.execute(delete(RUNS).where(RUNS.c.id == searched(run_id))))

    def prune(self, before: float, keep: int) -> list[str]:
        """See ``RunIndex``."""
        over = RUNS.c.status.in_(_OVER)
        newest = select(RUNS.c.id).where(over).order_by(*_NEWEST).limit(keep).subquery()
        # One that could not be started has no end.
        ended = func.coalesce(RUNS.c.ended_at, RUNS.c.created_at)
        old = select(RUNS.c.id, RUNS.c.record).where(over, ended < before, RUNS.c.id.not_in(select(newest.c.id)))
        pruned: dict[str, None] = {}

        def remove(connection: Connection) -> None:
            rows = connection.execute(old.order_by(*_NEWEST).with_for_update()).all()
            for some in _portions(rows):
                connection.execute(delete(RUNS).where(RUNS.c.id.in_([row.id for row in some])))
            # As in ``put``: those of a commit whose answer was lost are gone, too.
            pruned.update(dict.fromkeys(_id_of(row.record, row.id) for row in rows))

        self._database.write(remove)
        return list(pruned)

    def rebuild(self, runs: Iterable[Run]) -> None:
        """See ``RunIndex``."""
        newest: dict[str, Run] = {}
        unread = iter(runs)

        def replace(connection: Connection) -> None:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"LOCK TABLE {RUNS.name} IN EXCLUSIVE MODE"))
            for run in unread:  # nothing, when this is run again
                if run.id not in newest or supersedes(run, newest[run.id]):
                    newest[run.id] = run
            connection.execute(delete(RUNS))
            for some in _portions(list(newest.values())):
                _insert(connection, some)

        self._database.write(replace)

    def close(self) -> None:
        """See ``RunIndex``."""
        self._database.close()

    def _readable(self, records: Iterable[str]) -> Iterator[Run]:
        for record in records:
            try:
                yield _read(record)
            except (TypeError, ValueError) as error:
                database = shown(self._database.url)
                logger.warning("A run in %s cannot be read (%s): %.200s", database, error, record)


def _store(connection: Connection, run: Run) -> bool:
    record = _record(connection, run.id, locked=True)
    if record is None:
        try:
            with connection.begin_nested():
                _insert(connection, [run])
        except IntegrityError:  # somebody else was faster
            record = _record(connection, run.id, locked=True)
            if record is None:
                raise
        else:
            return True
    if not _is_superseded(record, run):
        return False
    row = _row(run)
    connection.execute(update(RUNS).where(RUNS.c.id == row["id"]).values(row))
    connection.execute(delete(TAGS).where(TAGS.c.run_id == row["id"]))
    _insert_tags(connection, [run])
    return True


def _is_superseded(record: str, run: Run) -> bool:
    try:
        return supersedes(run, _read(record))
    except (TypeError, ValueError):  # any record is better than one that cannot be read
        return True


def _insert(connection: Connection, runs: Sequence[Run]) -> None:
    connection.execute(insert(RUNS), [_row(run) for run in runs])
    _insert_tags(connection, runs)


def _insert_tags(connection: Connection, runs: Sequence[Run]) -> None:
    tags = [
        {"run_id": searched(run.id), "name": searched(name), "value": searched(value)}
        for run in runs
        for name, value in run.options.tags.items()
    ]
    if tags:
        connection.execute(insert(TAGS), tags)


def _row(run: Run) -> dict[str, Any]:
    generation = run.generation
    return {
        "id": searched(run.id),
        "status": searched(run.status.value),
        "location": searched(run.location),
        "repository": searched(run.options.repository),
        "pipeline": searched(run.options.pipeline),
        "generation": generation if generation is not None and abs(generation) < 2**63 else None,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        # ASCII alone: neither NUL nor lone surrogates, which databases refuse.
        "record": json.dumps(run.to_json(), ensure_ascii=True),
    }


def _record(connection: Connection, run_id: str, *, locked: bool = False) -> str | None:
    wanted = select(RUNS.c.record).where(RUNS.c.id == searched(run_id))
    return connection.execute(wanted.with_for_update() if locked else wanted).scalar()


def _read(record: str) -> Run:
    """Read what ``_row`` wrote. Raises TypeError or ValueError."""
    return Run.from_json(json.loads(record))


def _id_of(record: str, stored: str) -> str:
    try:
        return _read(record).id
    except (TypeError, ValueError):
        return stored


def _ids(connection: Connection) -> Sequence[str]:
    return connection.execute(select(RUNS.c.id).order_by(*_NEWEST)).scalars().all()


def _portions(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for begin in itertools.count(0, _ROWS):
        if begin >= len(items):
            return
        yield items[begin : begin + _ROWS]
