"""The index of runs, as everybody else knows it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path

from skerry.errors import ErrorKind, StateError
from skerry.model import Run, RunStatus


class RunIndex(ABC):
    """The runs of a workspace, to be searched; those who launch runs and show them hold one until ``close``.

    The journals are the truth: the index can be made anew from them (``rebuild``). Every method may be called by any
    thread, and several hosts may use one database. Where that is locked or away, a call waits for it as long as
    ``skerry.state.database.WAITING`` says, then raises StateError.

    A status that a newer Skerry has stored is given as it is, as a RunStatus of no name known here.
    """

    @classmethod
    def open(cls, folder: Path, url: str | None = None) -> RunIndex:
        """Open the index in ``folder``, as SQLite, or in the database that ``url`` names as SQLAlchemy has it.

        What is not there yet is made; tables of an older Skerry are brought up to date. Raises StateError: a package
        is missing, the URL is wrong, the database is away, damaged, or has been used by a newer Skerry.
        """
        try:
            from skerry.state.opening import open_database
            from skerry.state.sql_run_index import SqlRunIndex

            return SqlRunIndex(open_database(folder, url))
        except ModuleNotFoundError as error:
            raise StateError(
                ErrorKind.EXTRA_NOT_INSTALLED,
                what="The index of runs",
                module=error.name,
                requirement="skerry[runs]",
            ) from error

    @abstractmethod
    def put(self, run: Run) -> bool:
        """Store what is known of a run; tells whether that changed anything.

        What is older than what is stored changes nothing, whoever comes last: see ``skerry.state.moves``.
        """

    @abstractmethod
    def get(self, run_id: str) -> Run:
        """Give a run. Raises UnknownRunError; StateError where what is stored of it cannot be read."""

    @abstractmethod
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
        """Give the runs of which all that is given holds, newest first: by ``created_at``, then by id.

        ``status``: one of them; ``tags``: each has this value; ``before``: created before then, in seconds since the
        epoch. One that cannot be read is left out, with a warning in the log.
        """

    @abstractmethod
    def delete(self, run_id: str) -> None:
        """Forget a run; one that is not there is no error."""

    @abstractmethod
    def prune(self, before: float, keep: int) -> list[str]:
        """Forget the runs that ended before then, in seconds since the epoch, and give their ids.

        The newest ``keep`` of all that have ended stay, and so does every run that has not.
        """

    @abstractmethod
    def rebuild(self, runs: Iterable[Run]) -> None:
        """Replace everything, in one transaction. What raises in ``runs`` is raised, and changes nothing.

        ``runs`` is read, once, when others cannot write any more; they wait. So what they have put before is in the
        journals, and what they put later comes after this. Only where the connection is lost in the middle can they
        come in between: what they put then is there again with their next put, or after another ``rebuild``.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the database, once calls under way have ended. Later calls raise StateError."""
