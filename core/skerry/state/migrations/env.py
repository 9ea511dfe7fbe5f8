"""What Alembic runs for each command: on the connection, and in the transaction, that it is given."""

from alembic import context

from skerry.state.schema import REVISION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=REVISION_TABLE)
context.run_migrations()
