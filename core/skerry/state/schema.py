"""The tables. Whatever changes here needs a revision in ``migrations``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, MetaData, String, Table, Text

#: The newest revision in ``migrations/versions``; known here so that opening need not look there.
REVISION = "0001"
#: Of these tables. A database may be shared with others that use Alembic, too.
REVISION_TABLE = "skerry_revision"

#: Of text that is searched, as ``skerry.state.searched`` makes it.
_LENGTH = 255
_METADATA = MetaData()


def _searched() -> String:
    # In the order of its bytes everywhere: as SQLite does it, and whatever language a PostgreSQL database is of.
    return String(_LENGTH).with_variant(String(_LENGTH, collation="C"), "postgresql")


#: ``record`` is all of the run as JSON text; the other columns are what is searched.
RUNS = Table(
    "skerry_runs",
    _METADATA,
    Column("id", _searched(), primary_key=True),
    Column("status", _searched(), nullable=False),
    Column("location", _searched(), nullable=False),
    Column("repository", _searched(), nullable=False),
    Column("pipeline", _searched(), nullable=False),
    Column("generation", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("record", Text, nullable=False),
    Index("skerry_runs_newest", "created_at", "id"),
    Index("skerry_runs_of_status", "status", "created_at"),
    Index("skerry_runs_of_location", "location", "created_at"),
    Index("skerry_runs_of_pipeline", "pipeline", "created_at"),
)

TAGS = Table(
    "skerry_run_tags",
    _METADATA,
    Column("run_id", _searched(), ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", _searched(), primary_key=True),
    Column("value", _searched(), nullable=False),
    Index("skerry_run_tags_of_value", "name", "value"),
)
