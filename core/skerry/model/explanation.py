"""How a user process finds its code."""

from dataclasses import dataclass
from typing import Optional, Tuple

from skerry.model.records import Record


@dataclass(frozen=True)
class PathEntry(Record):
    """An entry of ``sys.path`` and why it is there."""

    path: str
    reason: str


@dataclass(frozen=True)
class Explanation(Record):
    """How a user process finds its code: what ``skerry inspect --explain`` shows.

    ``module`` and ``file``: what the target resolves to; ``file`` is None where nothing was found. ``preloaded``: the
    modules of the entry's ``preload`` that its process has from its fork server.
    """

    executable: str
    python: str
    working_directory: str
    path: Tuple[PathEntry, ...]
    module: str
    file: Optional[str]
    preloaded: Tuple[str, ...] = ()
