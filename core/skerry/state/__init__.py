"""What is kept of runs, to be searched.

The only importer of sqlalchemy and alembic, which come with the extra ``runs``, and not before an index is opened.
"""

from skerry.state.run_index import RunIndex

__all__ = ["RunIndex"]
