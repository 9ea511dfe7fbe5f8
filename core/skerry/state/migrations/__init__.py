"""How the tables came to be what they are. Alembic reads these files; ``skerry.state.opening`` calls it."""
