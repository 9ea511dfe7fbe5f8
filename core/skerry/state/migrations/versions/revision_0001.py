"""Runs, and their tags."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    searched = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
    op.create_table(
        "skerry_runs",
        sa.Column("id", searched, primary_key=True),
        sa.Column("status", searched, nullable=False),
        sa.Column("location", searched, nullable=False),
        sa.Column("repository", searched, nullable=False),
        sa.Column("pipeline", searched, nullable=False),
        sa.Column("generation", sa.BigInteger),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_index("skerry_runs_newest", "skerry_runs", ["created_at", "id"])
    op.create_index("skerry_runs_of_status", "skerry_runs", ["status", "created_at"])
    op.create_index("skerry_runs_of_location", "skerry_runs", ["location", "created_at"])
    op.create_index("skerry_runs_of_pipeline", "skerry_runs", ["pipeline", "created_at"])
    op.create_table(
        "skerry_run_tags",
        sa.Column("run_id", searched, sa.ForeignKey("skerry_runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", searched, primary_key=True),
        sa.Column("value", searched, nullable=False),
    )
    op.create_index("skerry_run_tags_of_value", "skerry_run_tags", ["name", "value"])
