"""The revisions of the tables, and the way to the newest. Imported where a database does not have that, for Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def known_revisions() -> set[str]:
    """Give those that this Skerry can bring up to date."""
    return {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}


def newest_revision() -> str | None:
    """Give that which ``upgrade`` leads to."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()


def upgrade(connection: Connection) -> None:
    """Make the tables, or bring them up to date, in the transaction that is under way."""
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", "skerry.state:migrations")
    return configuration
